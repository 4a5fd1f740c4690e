// What goes wrong around the dashboard: the gateway cannot be reached, the session ends.

import type { Page } from "@playwright/test";
import { ADMIN_TOKEN, type Gateway } from "../support/gateway.mjs";
import { expect, expectAccessible, signIn, test } from "./stand";

test.describe("without a connection", () => {
  test.use({ forgiven: /ERR_INTERNET_DISCONNECTED|ERR_FAILED|ERR_NETWORK/ });

  test("it says so by itself, heals by itself, and loads what it could not", async ({ page, gateway }) => {
    await gateway.key({ source_path: "offline", name: "There again" });
    await signIn(page, gateway, "/keys");
    await expect(page.getByRole("row").filter({ hasText: "There again" })).toBeVisible();
    await page.context().setOffline(true);
    const banner = page.getByRole("status").filter({ hasText: "The gateway cannot be reached." });
    await expect(banner).toBeVisible({ timeout: 30_000 });
    // A page that is opened meanwhile says it, too; nothing that was there is lost.
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Changes" }).click();
    await expect(page.getByRole("heading", { name: "This could not be loaded" })).toBeVisible();
    await page.context().setOffline(false);
    await expect(banner).toBeHidden({ timeout: 30_000 });
    await expect(page.getByRole("row").filter({ hasText: "There again" }).first()).toBeVisible();
  });
});

test.describe("on a page that asks for nothing by itself", () => {
  test.use({ forgiven: /ERR_INTERNET_DISCONNECTED|ERR_FAILED|ERR_NETWORK/ });

  test("a lost connection shows, and heals", async ({ page, gateway }) => {
    await signIn(page, gateway, "/playground");
    await expect(page.getByRole("heading", { level: 1, name: "Playground" })).toBeVisible();
    await page.context().setOffline(true);
    const banner = page.getByRole("status").filter({ hasText: "The gateway cannot be reached." });
    await expect(banner).toBeVisible({ timeout: 30_000 });
    await page.context().setOffline(false);
    await expect(banner).toBeHidden({ timeout: 30_000 });
  });
});

test.describe("while figures are still to come, or cannot be had", () => {
  test.use({ forgiven: / 500 / });

  test("the overview does not say that there are none", async ({ page, gateway }) => {
    await signIn(page, gateway, "/settings");
    let answer = () => {};
    const waiting = new Promise<void>((resolve) => (answer = resolve));
    await page.route(/\/admin\/metrics/, async (route) => {
      await waiting;
      await route.fulfill({ status: 500, contentType: "application/problem+json", body: '{"status":500,"title":"Broken"}' });
    });
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Overview" }).click();
    await expect(page.locator(".chart-skeleton").first()).toBeVisible();
    const nothing = page.getByText(/No requests yet|0 requests/);
    await expect(nothing).toHaveCount(0);
    answer();
    await expect(page.getByRole("heading", { name: "This could not be loaded" }).first()).toBeVisible();
    await expect(nothing).toHaveCount(0);
  });

  test("the requests say that their filters lack the keys", async ({ page, gateway }) => {
    await page.route(/\/admin\/keys/, (route) => route.fulfill({ status: 500, contentType: "application/problem+json", body: '{"status":500,"title":"Broken"}' }));
    await signIn(page, gateway, "/requests");
    const lacking = page.getByRole("heading", { name: "This could not be loaded" });
    await expect(lacking).toBeVisible();
    await page.unroute(/\/admin\/keys/);
    await page.getByRole("button", { name: "Retry" }).click();
    await expect(lacking).toHaveCount(0);
  });

  test("the playground says that it does not know the routes", async ({ page, gateway }) => {
    await page.route(/\/admin\/routes/, (route) => route.fulfill({ status: 500, contentType: "application/problem+json", body: '{"status":500,"title":"Broken"}' }));
    await signIn(page, gateway, "/playground");
    const form = page.locator(".playground-form");
    await expect(form.getByRole("heading", { name: "This could not be loaded" })).toBeVisible();
    await page.unroute(/\/admin\/routes/);
    await form.getByRole("button", { name: "Retry" }).click();
    await expect(form.getByRole("heading", { name: "This could not be loaded" })).toHaveCount(0);
  });
});

test.describe("when the session ends", () => {
  test.use({ forgiven: / 401 / });

  const endAll = async (gateway: Gateway) => {
    for (const { session_id } of await gateway.admin("GET", "/sessions")) await gateway.admin("DELETE", `/sessions/${session_id}`);
  };
  const signInAgain = async (page: Page) => {
    const again = page.getByRole("dialog", { name: "Sign in" });
    await expect(again.getByText("Your session has ended.")).toBeVisible();
    await expectAccessible(page);
    await again.getByLabel("Admin token").fill(ADMIN_TOKEN);
    await again.getByRole("button", { name: "Sign in" }).click();
    await expect(again).toBeHidden();
  };

  test("it asks to sign in, out of sight of the page, and returns to where one was", async ({ page, gateway }) => {
    await gateway.key({ source_path: "session", name: "Where I was" });
    await signIn(page, gateway, "/keys?q=where");
    const row = page.getByRole("row").filter({ hasText: "Where I was" });
    await expect(row).toBeVisible();
    await endAll(gateway);
    await page.getByRole("button", { name: "Edit key Where I was" }).click();
    await expect(page.getByRole("dialog", { name: "Sign in" })).toBeVisible();
    await expect(row).toBeHidden();
    await signInAgain(page);
    await expect(page.getByRole("dialog", { name: "Edit key" }).getByLabel("Name")).toHaveValue("Where I was");
    await expect(page).toHaveURL(/\/keys\?.*q=where/);
  });

  test("what was typed is still there, and can be saved", async ({ page, gateway }) => {
    await signIn(page, gateway, "/keys?new=1");
    const form = page.getByRole("dialog", { name: "New key" });
    await form.getByLabel("Source").fill("typed/before");
    await form.getByLabel("Permissions").fill("chat");
    await endAll(gateway);
    await form.getByRole("button", { name: "Create key" }).click();
    await signInAgain(page);
    await expect(form.getByLabel("Source")).toHaveValue("typed/before");
    await expect(form.getByRole("alert")).toHaveCount(0);
    await form.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("button", { name: "I have stored the key" }).click();
    const keys = await gateway.admin("GET", "/keys");
    expect(keys.find((key: { source_path: string }) => key.source_path === "typed/before").permissions).toEqual(["chat"]);
  });

  for (const [place, path, button] of [
    ["Test match", "/routes?match=1", "Find the route"],
    ["the import", "/routes?import=1", "Show differences"],
  ] as const) {
    test(`nothing but the sign-in says so in ${place}`, async ({ page, gateway }) => {
      await signIn(page, gateway, path);
      const pressed = page.getByRole("dialog").getByRole("button", { name: button });
      await expect(pressed).toBeVisible();
      await endAll(gateway);
      // Also where a call of the page itself heard of it first, and the sign-in is above the button already.
      await pressed.dispatchEvent("click");
      await signInAgain(page);
      await expect(pressed).toBeVisible();
      await expect(page.locator(".banner-bad, .field-error, .toast")).toHaveCount(0);
    });
  }

  test("the live view hears nothing more", async ({ page, gateway }) => {
    await signIn(page, gateway, "/requests?live=1");
    await expect(page.getByText("Live", { exact: true }).last()).toBeVisible();
    await endAll(gateway);
    await signInAgain(page);
    await expect(page.getByRole("heading", { level: 1, name: "Requests" })).toBeVisible();
  });

  test("a page opened anew asks as at the first time", async ({ page, gateway }) => {
    await signIn(page, gateway, "/routes");
    await endAll(gateway);
    await page.reload();
    await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
    await expect(page.getByText("Your session has ended.")).toHaveCount(0);
  });
});

test.describe("who comes back to a page", () => {
  test("finds there what it showed, while the gateway takes its time to say what is new", async ({ page, gateway }) => {
    const { key_id } = await gateway.key({ source_path: "back-again", name: "As I left it" });
    await signIn(page, gateway, "/keys");
    const row = page.getByRole("row").filter({ hasText: "As I left it" });
    await expect(row).toBeVisible();
    const main = page.getByRole("navigation", { name: "Main" });
    await main.getByRole("link", { name: "Settings" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Settings" })).toBeVisible();
    await gateway.admin("DELETE", `/keys/${key_id}`);
    let answer = () => {};
    const held = new Promise<void>((resolve) => (answer = resolve));
    await page.route("**/admin/keys?*", async (route) => {
      await held;
      await route.continue();
    });
    await main.getByRole("link", { name: "Keys" }).click();
    await expect(row).toBeVisible();
    answer();
    await expect(row).toBeHidden();
  });

  test("finds nothing of what somebody else saw", async ({ page, gateway }) => {
    await gateway.key({ source_path: "not-for-you", name: "Not for you" });
    await signIn(page, gateway, "/keys");
    const row = page.getByRole("row").filter({ hasText: "Not for you" });
    await expect(row).toBeVisible();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.route("**/admin/keys?*", () => {});
    await page.getByLabel("Admin token").fill(ADMIN_TOKEN);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "API keys" })).toBeVisible();
    await expect(row).toHaveCount(0);
  });
});
