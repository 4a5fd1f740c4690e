// What goes wrong around the dashboard: the gateway cannot be reached, the session ends.

import { ADMIN_TOKEN } from "../support/gateway.mjs";
import { expect, signIn, test } from "./stand";

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

test.describe("when the session ends", () => {
  test.use({ forgiven: / 401 / });

  test("it returns to the sign-in, and then to where one was", async ({ page, gateway }) => {
    await gateway.key({ source_path: "session", name: "Where I was" });
    await signIn(page, gateway, "/keys?q=where");
    await expect(page.getByRole("row").filter({ hasText: "Where I was" })).toBeVisible();
    for (const { session_id } of await gateway.admin("GET", "/sessions")) await gateway.admin("DELETE", `/sessions/${session_id}`);
    await page.getByRole("button", { name: "Edit key Where I was" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
    await expect(page.getByText("Your session has ended.")).toBeVisible();
    await page.getByLabel("Admin token").fill(ADMIN_TOKEN);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("dialog", { name: "Edit key" }).getByLabel("Name")).toHaveValue("Where I was");
    await expect(page).toHaveURL(/\/keys\?.*q=where/);
  });
});
