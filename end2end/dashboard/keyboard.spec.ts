// A key and a route made by keyboard alone: no pointer is used from the first page on.

import type { Page } from "@playwright/test";
import { ADMIN_TOKEN } from "../support/gateway.mjs";
import { expect, test } from "./stand";

test.use({ viewport: { width: 1440, height: 900 } });

/** Presses Tab until the focus is on what has this name. */
async function tabTo(page: Page, name: RegExp) {
  for (let presses = 0; presses < 80; presses += 1) {
    await page.keyboard.press("Tab");
    const here = await page.evaluate(() => {
      const element = document.activeElement;
      const labels = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement;
      const label = labels ? element.labels?.[0]?.textContent : undefined;
      return element?.getAttribute("aria-label") ?? label ?? element?.textContent ?? "";
    });
    if (name.test(here.trim())) {
      // The focus can be seen.
      const { outlineStyle, boxShadow } = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body));
      expect(outlineStyle !== "none" || boxShadow !== "none").toBe(true);
      return;
    }
  }
  throw new Error(`${name} cannot be reached with Tab`);
}

test("sign in, make a route and a key, and look at them", async ({ page, gateway, upstream }) => {
  await page.goto(`${gateway.url}/admin/dashboard`);
  await expect(page.getByLabel("Admin token")).toBeFocused();
  await page.keyboard.type(ADMIN_TOKEN);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();

  await page.keyboard.press("g");
  await page.keyboard.press("r");
  await expect(page.getByRole("heading", { level: 1, name: "Routes" })).toBeVisible();
  await page.keyboard.press("n");
  const form = page.getByRole("dialog", { name: "New route" });
  await expect(form.getByLabel("Route name")).toBeFocused();
  await page.keyboard.type("By keyboard");
  await tabTo(page, /^Path pattern/);
  await page.keyboard.type("/keyboard/*");
  await tabTo(page, /^Protocol/);
  await page.keyboard.type("http");
  await tabTo(page, /^Host/);
  await page.keyboard.type(upstream.host);
  await tabTo(page, /^Create route/);
  await page.keyboard.press("Enter");
  await expect(form).toBeHidden();
  await expect(page.getByRole("row").filter({ hasText: "By keyboard" })).toBeVisible();

  await page.keyboard.press("g");
  await page.keyboard.press("k");
  await expect(page.getByRole("heading", { level: 1, name: "API keys" })).toBeVisible();
  await page.keyboard.press("n");
  const keyForm = page.getByRole("dialog", { name: "New key" });
  await expect(keyForm).toBeVisible();
  await tabTo(page, /^Name/);
  await page.keyboard.type("Typed key");
  await page.keyboard.press("Shift+Tab");
  await expect(keyForm.getByLabel("Source")).toBeFocused();
  await page.keyboard.type("keyboard");
  // A form is sent with Enter.
  await page.keyboard.press("Enter");
  const secret = page.getByRole("dialog", { name: "Key created" });
  await expect(secret).toBeVisible();
  await tabTo(page, /^I have stored the key/);
  await page.keyboard.press("Enter");
  await expect(secret).toBeHidden();
  await expect(page.getByRole("row").filter({ hasText: "Typed key" })).toBeVisible();

  const made = (await gateway.admin("GET", "/routes")).find((route: { route_name: string }) => route.route_name === "By keyboard");
  expect(made).toMatchObject({ match_path: "/keyboard/*", target_protocol: "http", target_host: upstream.host });
});
