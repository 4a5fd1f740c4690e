// The settings: each value with its origin, no secret, sessions that are ended from another browser.

import { ADMIN_TOKEN } from "../support/gateway.mjs";
import { expect, signIn, test } from "./stand";

test.use({ viewport: { width: 1440, height: 900 } });

test("a setting says where its value comes from and how to change it", async ({ page, gateway }) => {
  await signIn(page, gateway, "/settings");
  const setting = (key: string) => page.getByRole("row").filter({ has: page.getByText(key, { exact: true }) });
  await expect(setting("server.port")).toContainText("FASTGATE_SERVER__PORT");
  await expect(setting("server.port")).toContainText("Environment");
  await expect(setting("proxy.max_retries")).toContainText("Default");
  await expect(setting("security.admin_token")).toContainText("set, not shown");
  await expect(page.locator("body")).not.toContainText(ADMIN_TOKEN);
  await page.getByRole("searchbox", { name: "Search settings" }).fill("max_age");
  await expect(setting("audit.max_age_days")).toBeVisible();
  await expect(setting("server.port")).toHaveCount(0);
  await page.getByRole("searchbox", { name: "Search settings" }).fill("");
  await page.getByLabel("Origin").selectOption({ label: "Environment" });
  await expect(setting("proxy.max_retries")).toHaveCount(0);
  await expect(setting("server.port")).toBeVisible();
});

test("storage and version are told", async ({ page, gateway }) => {
  await signIn(page, gateway, "/settings");
  await expect(page.getByText(/ of 5\.0 GiB/)).toBeVisible();
  await expect(page.getByText(/^SQLite 3/)).toBeVisible();
});

test("another browser's session is ended from here", async ({ page, gateway, browser }) => {
  const other = await browser.newContext();
  const there = await other.newPage();
  await signIn(there, gateway, "/keys");
  await signIn(page, gateway, "/settings");
  const sessions = page.getByRole("table", { name: "Sessions" });
  await expect(sessions.getByText("This session")).toHaveCount(1);
  await page.getByRole("button", { name: "End all others" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End", exact: true }).click();
  await expect(page.getByText("The other sessions were ended.")).toBeVisible();
  await expect(sessions.getByRole("button", { name: "End", exact: true })).toHaveCount(0);
  await there.reload();
  await expect(there.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
  await other.close();
});
