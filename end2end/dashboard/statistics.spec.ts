// The statistics: told apart, sorted, exported as shown; and the chart by keyboard.

import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { alone as test, expect, expectAccessible, signIn } from "./stand";

test.use({ file: "statistics", viewport: { width: 1440, height: 900 } });

test.beforeAll(async ({ gateway, upstream }) => {
  await gateway.route({ route_name: "Chat", match_path: "/v1/*", target_host: upstream.host });
  const { key_value } = await gateway.key({ source_path: "statistics", name: "Statistics key" });
  for (const model of ["gpt-4o-mini", "gpt-4o-mini", "error-500"]) {
    const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key_value}` },
      body: JSON.stringify({ model, messages: [] }),
    });
    await answer.text();
  }
  await gateway.record("status_code=500");
});

/** The cells of the row that begins with `name`. */
const row = (page: Page, name: string) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });

test("figures are told apart by what is chosen, and say where their requests are", async ({ page, gateway }) => {
  await signIn(page, gateway, "/statistics");
  await expect(row(page, "All").getByRole("cell").first()).toHaveText("3");
  await page.getByLabel("Group by").selectOption({ label: "By model" });
  await expect(page).toHaveURL(/by=model/);
  await expect(row(page, "gpt-4o-mini").getByRole("cell").first()).toHaveText("2");
  await page.getByLabel("Group by").selectOption({ label: "By upstream" });
  await expect(page.getByRole("rowheader", { name: /^http:\/\/127\.0\.0\.1:/ })).toBeVisible();
  await page.getByLabel("Group by").selectOption({ label: "By status" });
  await row(page, "5xx").getByRole("link", { name: "5xx" }).click();
  await expect(page).toHaveURL(/requests\?.*status_code=5xx/);
});

test("the table is sorted by a press on its head", async ({ page, gateway }) => {
  await signIn(page, gateway, "/statistics?by=status");
  const names = page.getByRole("region", { name: "The numbers" }).getByRole("rowheader");
  await expect(names).toHaveText(["All", "2xx", "5xx"]);
  await page.getByRole("button", { name: "Errors", exact: true }).click();
  await expect(names).toHaveText(["All", "5xx", "2xx"]);
  const head = page.getByRole("columnheader", { name: "Errors", exact: true });
  await expect(head).toHaveAttribute("aria-sort", "descending");
  await page.reload();
  await expect(names).toHaveText(["All", "5xx", "2xx"]);
});

test("what is exported is what is shown", async ({ page, gateway }) => {
  await signIn(page, gateway, "/statistics?by=status");
  await expect(row(page, "2xx")).toBeVisible();
  const file = async (button: string) => {
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: button }).click();
    return readFileSync(await (await download).path(), "utf8");
  };
  const lines = (await file("Export CSV")).trim().split("\r\n");
  expect(lines[0]).toMatch(/^status,requests,errors,error_rate,p50_ms/);
  expect(lines.slice(1).map((line) => line.split(",").slice(0, 3))).toEqual([
    ["total", "3", "1"],
    ["2xx", "2", "0"],
    ["5xx", "1", "1"],
  ]);
  const json = JSON.parse(await file("Export JSON"));
  expect(json[1]).toMatchObject({ status: "2xx", requests: 2, errors: 0 });
  await page.getByRole("tab", { name: "Over time" }).click();
  await expect(page.getByRole("columnheader", { name: "2xx" })).toBeVisible();
  const hours = JSON.parse(await file("Export JSON"));
  expect(hours).toHaveLength(24);
  expect(hours.reduce((sum: number, hour: { total: number }) => sum + hour.total, 0)).toBe(3);
});

test("the chart is read by keyboard", async ({ page, gateway }) => {
  await signIn(page, gateway, "/statistics?by=status");
  const chart = page.getByRole("slider", { name: /^Requests, Last 24 hours: 3/ });
  await chart.focus();
  await page.keyboard.press("End");
  await expect(chart).toHaveAttribute("aria-valuenow", "23");
  await expect(chart).toHaveAttribute("aria-valuetext", /2xx 2 · 5xx 1|–/);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`tables over time are accessible in the ${colorScheme} theme`, async ({ page, gateway }) => {
    await page.emulateMedia({ colorScheme });
    await signIn(page, gateway, "/statistics?by=model&figure=p95_ms&table=time");
    await expect(page.getByRole("columnheader", { name: "gpt-4o-mini" })).toBeVisible();
    await expectAccessible(page);
  });
}
