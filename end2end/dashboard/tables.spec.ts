// Lists as tables: their heads put the rows in order, and every figure of a row can be reached at every width.

import type { Page } from "@playwright/test";
import { alone as test, expect, expectAccessible, signIn } from "./stand";

test.use({ file: "tables", viewport: { width: 1440, height: 900 } });

const LONG = "a name that is too long for the column that it stands in, goes on and on, and comes to its end here";

test.beforeAll(async ({ gateway, upstream }) => {
  for (const [route_name, priority, match_path] of [
    ["Zebra", 1, "/v1/*"],
    ["Ant", 5, "/other/*"],
    ["Monkey", 3, `/${"long/".repeat(30)}*`],
  ]) {
    await gateway.route({ route_name, priority, match_path, description: LONG, target_host: upstream.host, target_path: "" });
  }
  const busy = await gateway.key({ name: "Busy", source_path: "b" });
  await gateway.key({ name: "Anew", source_path: "c", expires_at: "2099-01-01T00:00:00" });
  await gateway.key({ name: LONG, source_path: "a" });
  for (const [path, model] of [["/v1/chat/completions", "gpt-4o-mini"], ["/v1/chat/completions", "error-500"], ["/other/chat/completions", "gpt-4o-mini"]]) {
    const answer = await fetch(`${gateway.url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${busy.key_value}` },
      body: JSON.stringify({ model, messages: [] }),
    });
    await answer.text();
  }
  await expect
    .poll(async () => (await gateway.admin("GET", "/metrics/grouped?by=route")).total?.figures.total_requests)
    .toBe(3);
});

const names = (page: Page) => page.locator("tbody tr .cell-title").allTextContents();
const head = (page: Page, name: string) => page.getByRole("columnheader", { name });

test("the heads of the routes' columns put them in order, kept in the address", async ({ page, gateway }) => {
  await signIn(page, gateway, "/routes");
  await expect.poll(() => names(page)).toEqual(["Zebra", "Monkey", "Ant"]);
  await expect(page.getByRole("columnheader").and(page.locator("[aria-sort]"))).toHaveCount(0);
  await head(page, "Route").getByRole("button").click();
  await expect.poll(() => names(page)).toEqual(["Ant", "Monkey", "Zebra"]);
  await expect(page).toHaveURL(/sort=name/);
  await expect(head(page, "Route")).toHaveAttribute("aria-sort", "ascending");
  // Neighbours on the screen are none in the matching order now.
  await expect(page.getByRole("button", { name: "Move Ant up" })).toHaveCount(0);
  await expectAccessible(page);
  await head(page, "Route").getByRole("button").press("Enter");
  await expect.poll(() => names(page)).toEqual(["Zebra", "Monkey", "Ant"]);
  await expect(head(page, "Route")).toHaveAttribute("aria-sort", "descending");
  await page.reload();
  await expect(head(page, "Route")).toHaveAttribute("aria-sort", "descending");
  // A third press is the matching order again.
  await head(page, "Route").getByRole("button").press("Space");
  await expect(page).not.toHaveURL(/sort=/);
  await expect(page.getByRole("button", { name: "Move Ant up" })).toBeVisible();

  // Figures begin with the highest, and what has none comes last in both orders.
  await head(page, "4xx, 5xx").getByRole("button").click();
  await expect.poll(() => names(page)).toEqual(["Zebra", "Ant", "Monkey"]);
  await head(page, "4xx, 5xx").getByRole("button").click();
  await expect.poll(() => names(page)).toEqual(["Ant", "Zebra", "Monkey"]);
});

test("keys are sorted by what was used of them, and by when they expire", async ({ page, gateway }) => {
  await signIn(page, gateway, "/keys?sort=-used");
  await expect(page.getByRole("row").nth(1)).toContainText("Busy");
  await head(page, "Expires").getByRole("button").click();
  await expect(page.getByRole("row").nth(1)).toContainText("Anew");
  await head(page, "Source").getByRole("button").click();
  await expect.poll(() => names(page)).toEqual([LONG, "Busy", "Anew"]);
});

for (const width of [768, 1000, 1200, 1440]) {
  test(`every figure of a row is on the screen at ${width} px`, async ({ page, gateway }) => {
    await page.setViewportSize({ width, height: 900 });
    await signIn(page, gateway);
    for (const path of ["/keys", "/routes", "/requests"]) {
      await page.goto(`${gateway.url}/admin/dashboard${path}`);
      await expect(page.getByRole("row").nth(1)).toBeVisible();
      await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
      const seen = await page.evaluate(() => {
        const shown = (cell: Element) => {
          const { width, left, right } = cell.getBoundingClientRect();
          return width > 0 && left >= 0 && right <= window.innerWidth + 0.5;
        };
        const cells = [...document.querySelectorAll("th, tbody tr:first-child td")];
        // A head stands where its cells do.
        const row = [...document.querySelectorAll("tbody tr:first-child td")];
        const away = [...document.querySelectorAll("th")].filter((head, at) => Math.abs(head.getBoundingClientRect().left - row[at].getBoundingClientRect().left) > 1);
        const missing = cells.filter((cell) => cell.textContent !== "" && !shown(cell)).map((cell) => cell.textContent);
        return { hidden: missing, away: away.length, across: document.documentElement.scrollWidth - window.innerWidth };
      });
      expect(seen, path).toEqual({ hidden: [], away: 0, across: 0 });
    }
  });
}

test("a long name is cut, and told whole on hover and in its form", async ({ page, gateway }) => {
  await signIn(page, gateway, "/keys");
  const link = page.getByRole("link", { name: LONG, exact: true });
  await expect(link).toHaveAttribute("title", LONG);
  expect(await link.evaluate((link) => link.scrollHeight > link.clientHeight)).toBe(true);
  await link.click();
  await expect(page.getByRole("dialog").getByRole("textbox", { name: "Name" })).toHaveValue(LONG);
});

for (const width of [768, 1100, 1440]) {
  test(`a description is cut, and an address keeps its port whole at ${width} px`, async ({ page, gateway, upstream }) => {
    await page.setViewportSize({ width, height: 900 });
    await signIn(page, gateway, "/routes");
    const row = page.getByRole("row").filter({ hasText: "Zebra" });
    const description = row.getByTitle(LONG);
    expect(await description.evaluate((text) => text.scrollWidth > text.clientWidth)).toBe(true);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBe(0);
    const lines = await row.locator("td.brief code").evaluate((code) => {
      const host = document.createRange();
      host.selectNodeContents(code);
      host.setStartAfter(code.firstElementChild!);
      return host.getClientRects().length;
    });
    expect(lines, upstream.host).toBe(1);
    if (width < 1440) return;
    // The other columns leave it the room for one line.
    const height = await row.locator("td.brief code").evaluate((code) => code.clientHeight / Number.parseFloat(getComputedStyle(code).lineHeight));
    expect(Math.round(height), upstream.host).toBe(1);
  });
}

test("on a telephone rows can be put in order as well", async ({ page, gateway }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await signIn(page, gateway, "/keys");
  await page.getByRole("button", { name: "Source" }).click();
  await expect(page).toHaveURL(/sort=source/);
  await expect.poll(() => names(page)).toEqual([LONG, "Busy", "Anew"]);
});
