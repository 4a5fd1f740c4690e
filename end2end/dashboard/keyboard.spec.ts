// Everything by keyboard alone: no pointer is used from the first page on.

import type { Page } from "@playwright/test";
import { ADMIN_TOKEN, type Gateway } from "../support/gateway.mjs";
import { expect, test } from "./stand";

test.use({ viewport: { width: 1440, height: 900 } });

/** Presses Tab until the focus is on what has this name; lists may hold what other tests made. */
async function tabTo(page: Page, name: RegExp) {
  for (let presses = 0; presses < 400; presses += 1) {
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

async function signIn(page: Page, gateway: Gateway) {
  await page.goto(`${gateway.url}/admin/dashboard`);
  await expect(page.getByLabel("Admin token")).toBeFocused();
  await page.keyboard.type(ADMIN_TOKEN);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
}

/** Opens a page by its two keys. */
async function go(page: Page, key: string, heading: string) {
  await page.keyboard.press("g");
  await page.keyboard.press(key);
  await expect(page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
  await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
}

test("sign in, make a route and a key, and look at them", async ({ page, gateway, upstream }) => {
  await signIn(page, gateway);
  await go(page, "r", "Routes");
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

  await go(page, "k", "API keys");
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

test.describe("what a page offers is reached and used", () => {
  test.beforeAll(async ({ gateway, upstream }) => {
    await gateway.route({ route_name: "Walked", match_path: "/walk/*", target_host: upstream.host, target_path: "" });
    const { key_value } = await gateway.key({ source_path: "walk", name: "Walked key" });
    const answer = await fetch(`${gateway.url}/walk/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key_value}` },
      body: JSON.stringify({ model: "error-500", messages: [] }),
    });
    await answer.text();
    await gateway.record("path=/walk/");
  });

  test("the overview and the statistics", async ({ page, gateway }) => {
    await signIn(page, gateway);
    await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
    await page.reload();
    await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
    // The first stop leads past the navigation.
    await page.keyboard.press("Tab");
    await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(page.locator("#main")).toBeFocused();
    await tabTo(page, /^Range/);
    await page.keyboard.type("Last hour");
    await expect(page).toHaveURL(/range=1h/);
    // A column of a chart is told as one goes through it.
    const chart = page.getByRole("slider").first();
    await tabTo(page, /^Last hour: \d+ request/);
    await expect(chart).toBeFocused();
    const before = await chart.getAttribute("aria-valuetext");
    await page.keyboard.press("ArrowLeft");
    await expect(chart).not.toHaveAttribute("aria-valuetext", before ?? "");
    await go(page, "s", "Statistics");
    await tabTo(page, /^Group by/);
    await page.keyboard.type("By route");
    await expect(page).toHaveURL(/by=route/);
    await expect(page.getByRole("table").getByRole("row").filter({ hasText: "Walked" }).first()).toBeVisible();
  });

  test("a key is switched off and on, rotated and deleted", async ({ page, gateway }) => {
    await gateway.key({ source_path: "walk", name: "Short life" });
    await signIn(page, gateway);
    await go(page, "k", "API keys");
    await page.keyboard.press("/");
    await expect(page.getByRole("searchbox", { name: "Search keys" })).toBeFocused();
    await page.keyboard.type("short");
    const rows = page.getByRole("table").locator("tbody").getByRole("row");
    await expect(rows).toHaveCount(1);
    await tabTo(page, /^Key Short life is active/);
    const on = rows.getByRole("switch");
    await page.keyboard.press("Space");
    await expect(on).toHaveAttribute("aria-checked", "false");
    await expect(on).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(on).toHaveAttribute("aria-checked", "true");
    await tabTo(page, /^Rotate key Short life/);
    await page.keyboard.press("Enter");
    const rotate = page.getByRole("dialog", { name: "Rotate this key?" });
    await expect(rotate.getByRole("button", { name: "Cancel" })).toBeFocused();
    await tabTo(page, /^Rotate$/);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog", { name: "Key rotated" })).toBeVisible();
    await tabTo(page, /^I have stored the key/);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await tabTo(page, /^Delete key Short life/);
    await page.keyboard.press("Enter");
    const question = page.getByRole("dialog", { name: "Delete this key?" });
    await expect(question.getByRole("button", { name: "Cancel" })).toBeFocused();
    await page.keyboard.press("Escape");
    await expect(question).toBeHidden();
    // Back where it was asked.
    await expect(rows.getByRole("button", { name: "Delete key Short life" })).toBeFocused();
    await page.keyboard.press("Enter");
    await tabTo(page, /^Delete$/);
    await page.keyboard.press("Enter");
    await expect(page.getByText("Nothing matches these filters.")).toBeVisible();
  });

  for (const [what, path, title] of [
    ["key", "/keys", "Delete this key?"],
    ["route", "/routes", "Delete this route?"],
    ["token", "/settings", "Revoke token?"],
  ] as const) {
    test(`the focus stays in the list when a ${what} is deleted`, async ({ page, gateway }) => {
      // What other tests left would stand among these, or after them.
      if (what === "token") {
        for (const { token_id } of await gateway.admin("GET", "/tokens")) await gateway.admin("DELETE", `/tokens/${token_id}`);
      }
      const names = ["Row one", "Row two", "Row three"];
      for (const name of names) {
        await {
          key: () => gateway.key({ source_path: "rows", name }),
          route: () => gateway.route({ route_name: name, match_path: "/rows/*", target_host: "one.test" }),
          token: () => gateway.admin("POST", "/tokens", { name, role: "viewer" }),
        }[what]();
      }
      await signIn(page, gateway);
      await page.goto(`${gateway.url}/admin/dashboard${path}${what === "token" ? "" : "?q=row"}`);
      const buttons = page.getByRole("button", { name: /^(Delete|Revoke).* Row (one|two|three)$/ });
      await expect(buttons).toHaveCount(3);
      const remove = async () => {
        await page.keyboard.press("Enter");
        await expect(page.getByRole("dialog", { name: title })).toBeVisible();
        await page.keyboard.press("Tab");
        await page.keyboard.press("Enter");
        await expect(page.getByRole("dialog")).toHaveCount(0);
      };
      // From the middle to the row that takes its place, from the last one to the one before.
      const after = await buttons.nth(2).getAttribute("aria-label");
      const before = await buttons.nth(0).getAttribute("aria-label");
      await buttons.nth(1).focus();
      await remove();
      await expect(buttons).toHaveCount(2);
      await expect(page.getByRole("button", { name: after ?? "", exact: true })).toBeFocused();
      await remove();
      await expect(buttons).toHaveCount(1);
      await expect(page.getByRole("button", { name: before ?? "", exact: true })).toBeFocused();
      await remove();
      await expect(buttons).toHaveCount(0);
      // The list is gone with it: the page has the focus, not the document.
      await expect(page.locator("#main")).toBeFocused();
    });
  }

  test("a route is tested and copied", async ({ page, gateway }) => {
    await signIn(page, gateway);
    await go(page, "r", "Routes");
    await tabTo(page, /^Test match/);
    await page.keyboard.press("Enter");
    const form = page.getByRole("dialog", { name: "Which route takes this request?" });
    await expect(form.getByLabel("Path")).toBeFocused();
    await page.keyboard.type("/walk/v1/x");
    await page.keyboard.press("Enter");
    await expect(form.getByText("Walked takes this request.")).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(form).toBeHidden();
    await expect(page.getByRole("button", { name: "Test match" })).toBeFocused();
    await tabTo(page, /^Send test to Walked/);
    await page.keyboard.press("Enter");
    const test = page.getByRole("dialog", { name: "Send test: Walked" });
    await expect(test.getByLabel("Path")).toBeFocused();
    // What is shown is what is sent.
    await expect(test.getByLabel("Path")).toHaveValue("/walk/chat/completions");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("/walk/v1/models");
    await page.keyboard.press("Enter");
    await expect(test.getByText(/The upstream answered|answered/).first()).toBeVisible();
    await page.keyboard.press("Escape");
    await tabTo(page, /^Duplicate/);
    await page.keyboard.press("Enter");
    const copy = page.getByRole("dialog", { name: "New route" });
    await expect(copy.getByLabel("Route name")).toHaveValue(/Walked/);
    await expect(copy.getByRole("checkbox", { name: "Active" })).not.toBeChecked();
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);
  });

  test("a request is found, read, explained and edited to be sent again", async ({ page, gateway }) => {
    await signIn(page, gateway);
    await go(page, "l", "Requests");
    await page.keyboard.press("/");
    await page.keyboard.type("/walk/");
    await expect(page).toHaveURL(/path=/);
    await expect(page.locator("tbody").getByRole("row").first()).toContainText("/walk/");
    await tabTo(page, /^More filters/);
    await page.keyboard.press("Enter");
    await tabTo(page, /^Model/);
    await page.keyboard.type("error-500");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("button", { name: "Remove filter Model" })).toBeVisible();
    await tabTo(page, /^Remove filter Model/);
    await page.keyboard.press("Enter");
    await expect(page).not.toHaveURL(/model=/);
    await page.keyboard.press("j");
    const drawer = page.getByRole("dialog", { name: "Request" });
    await expect(drawer).toBeVisible();
    await tabTo(page, /^Summary/);
    await page.keyboard.press("ArrowRight");
    await expect(drawer.getByRole("tab", { selected: true })).toBeFocused();
    await expect(drawer.getByRole("tab", { selected: true })).not.toHaveText("Summary");
    await page.keyboard.press("End");
    await page.keyboard.press("Home");
    await expect(drawer.getByRole("tab", { name: "Summary" })).toBeFocused();
    await tabTo(page, /^Edit and resend/);
    await page.keyboard.press("Enter");
    const again = page.getByRole("dialog", { name: "Edit and resend" });
    await tabTo(page, /^Path/);
    await page.keyboard.type("?edited=1");
    await page.keyboard.press("Escape");
    const question = page.getByRole("dialog", { name: "Discard changes?" });
    await expect(question.getByRole("button", { name: "Keep editing" })).toBeFocused();
    await tabTo(page, /^Discard/);
    await page.keyboard.press("Enter");
    await expect(again).toBeHidden();
    await expect(drawer).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(drawer).toBeHidden();
    await tabTo(page, /^Live$|^History$/);
    await page.keyboard.press("ArrowRight");
    await expect(page).toHaveURL(/live=1/);
    await tabTo(page, /^Pause/);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("button", { name: "Resume" })).toBeFocused();
  });

  test("the playground sends, and its answer is gone through", async ({ page, gateway }) => {
    await signIn(page, gateway);
    await go(page, "p", "Playground");
    await tabTo(page, /^Route/);
    await page.keyboard.type("Walked");
    await tabTo(page, /^Body/);
    await page.keyboard.press("Control+Enter");
    const answer = page.getByRole("region", { name: "Answer" });
    await expect(answer.getByText("Done")).toBeVisible();
    await tabTo(page, /^Text$|^Raw$/);
    await page.keyboard.press("End");
    await expect(answer.getByRole("tab", { name: "Headers", selected: true })).toBeFocused();
    await expect(answer.locator("pre")).toContainText("content-type");
  });

  test("a change is read and restored, and the trail is looked through", async ({ page, gateway, upstream }) => {
    const { route_id } = await gateway.route({ route_name: "Taken back", match_path: "/taken-back/*", target_host: upstream.host });
    await gateway.admin("PUT", `/routes/${route_id}`, { priority: 9 });
    await signIn(page, gateway);
    await go(page, "c", "Changes");
    await tabTo(page, /^Taken back/);
    await page.keyboard.press("Enter");
    const drawer = page.getByRole("dialog", { name: "Change" });
    await expect(drawer).toBeVisible();
    await tabTo(page, /^Restore…/);
    await page.keyboard.press("Enter");
    const question = page.getByRole("dialog", { name: "Restore Taken back?" });
    await expect(question.getByRole("button", { name: "Cancel" })).toBeFocused();
    await tabTo(page, /^Restore$/);
    await page.keyboard.press("Enter");
    await expect(question).toBeHidden();
    expect((await gateway.admin("GET", `/routes/${route_id}`)).priority).toBe(100);
    await expect(page.getByRole("dialog")).toHaveCount(0);
    // There may be many changes on the way back up.
    await page.reload();
    await expect(page.locator("tbody").getByRole("row").first()).toBeVisible();
    await tabTo(page, /^Configuration$/);
    await page.keyboard.press("ArrowRight");
    await expect(page).toHaveURL(/trail=1/);
    await expect(page.getByRole("radio", { name: "Administrators" })).toBeFocused();
    await page.keyboard.press("/");
    await page.keyboard.type("127.0.0.1");
    await expect(page).toHaveURL(/author=127/);
    await tabTo(page, /^Kind/);
    await page.keyboard.type("Signed in");
    await expect(page).toHaveURL(/kind=signed_in/);
    await expect(page.getByRole("table").getByRole("row").filter({ hasText: "Signed in" }).first()).toBeVisible();
  });

  test("a token is made and revoked, settings are searched, the help is read", async ({ page, gateway }) => {
    await signIn(page, gateway);
    await go(page, "e", "Settings");
    await page.keyboard.press("n");
    await expect(page.getByRole("dialog", { name: "New token" }).getByLabel("Name")).toBeFocused();
    await page.keyboard.type("by keys");
    await tabTo(page, /^Role/);
    await page.keyboard.type("Operator");
    await tabTo(page, /^Create token/);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog", { name: "Token made" })).toBeVisible();
    await tabTo(page, /^I have stored it/);
    await page.keyboard.press("Enter");
    const row = page.getByRole("table", { name: "Administrators" }).getByRole("row").filter({ hasText: "by keys" });
    await expect(row).toContainText("Operator");
    await tabTo(page, /^Revoke by keys/);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog", { name: "Revoke token?" }).getByRole("button", { name: "Cancel" })).toBeFocused();
    await tabTo(page, /^Revoke$/);
    await page.keyboard.press("Enter");
    await expect(row).toHaveCount(0);
    await page.keyboard.press("/");
    await page.keyboard.type("max_age_days");
    await expect(page.getByRole("table", { name: "Configuration" }).locator("tbody").getByRole("row")).toHaveCount(1);
    await tabTo(page, /^Copy FASTGATE_/);
    await page.keyboard.press("?");
    const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    await expect(help).toBeVisible();
    await tabTo(page, /^Single-key shortcuts/);
    await page.keyboard.press("Space");
    await page.keyboard.press("Escape");
    await expect(help).toBeHidden();
    // Switched off, single keys do nothing; what is reached with Tab works on.
    await page.keyboard.press("g");
    await page.keyboard.press("k");
    await page.keyboard.press("?");
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await expect(page.getByRole("heading", { level: 1, name: "Settings" })).toBeVisible();
    await tabTo(page, /^Sign out/);
    await page.keyboard.press("Enter");
    await expect(page.getByLabel("Admin token")).toBeFocused();
  });
});
