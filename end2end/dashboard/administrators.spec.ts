// Administrators with a name and a role: made, used in another browser that is offered what the role may do, and revoked.

import { expect, signIn, test } from "./stand";

test.use({ viewport: { width: 1440, height: 900 } });

test("a viewer's token is made, reads, is offered no change, and is revoked", async ({ page, gateway, browser }) => {
  await gateway.key({ name: "Of the house", source_path: "viewed" });
  await gateway.route({ route_name: "Looked at", match_path: "/viewed", target_host: "up.test", is_active: false });
  await signIn(page, gateway, "/settings");
  await page.getByRole("button", { name: "New token" }).click();
  const form = page.getByRole("dialog", { name: "New token" });
  await form.getByRole("button", { name: "Create token" }).click();
  await expect(form.getByRole("textbox", { name: "Name" })).toHaveAttribute("aria-invalid", "true");
  await form.getByRole("textbox", { name: "Name" }).fill("eve");
  await form.getByLabel("Role").selectOption("viewer");
  await form.getByRole("button", { name: "Create token" }).click();
  const shown = page.getByRole("dialog", { name: "Token made" });
  const token = (await shown.getByLabel("The token", { exact: true }).textContent()) ?? "";
  expect(token).toMatch(/^fga_/);
  await shown.getByRole("button", { name: "I have stored it" }).click();
  const tokens = page.getByRole("table", { name: "Administrators" });
  await expect(tokens.getByRole("row").filter({ hasText: "eve" })).toContainText("Viewer");
  await expect(page.locator("body")).not.toContainText(token);

  const other = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const there = await other.newPage();
  await signIn(there, gateway, "/keys", token);
  await expect(there.getByRole("heading", { level: 1, name: "API keys" })).toBeVisible();
  await expect(there.getByRole("button", { name: /New key|Create/ })).toHaveCount(0);
  await there.goto(`${gateway.url}/admin/dashboard/keys?new=1`);
  await expect(there.getByRole("link", { name: "Of the house", exact: true })).toBeVisible();
  await expect(there.getByRole("columnheader", { name: "Actions" })).toHaveCount(0);
  await expect(there.getByRole("dialog")).toHaveCount(0);
  await there.goto(`${gateway.url}/admin/dashboard/routes`);
  await expect(there.getByRole("button", { name: "Test match" })).toBeVisible();
  await expect(there.getByRole("button", { name: /New route|Create/ })).toHaveCount(0);
  await expect(there.getByRole("link", { name: "Looked at", exact: true })).toBeVisible();
  await expect(there.getByRole("button", { name: /^Move/ })).toHaveCount(0);
  await there.goto(`${gateway.url}/admin/dashboard/playground`);
  await expect(there.getByRole("textbox", { name: /^Body/ })).toBeVisible();
  await expect(there.getByRole("button", { name: "Send" })).toHaveCount(0);
  await there.goto(`${gateway.url}/admin/dashboard/settings`);
  await expect(there.getByRole("table", { name: "Administrators" })).toContainText("eve");
  await expect(there.getByRole("button", { name: "New token" })).toHaveCount(0);
  await there.screenshot({ path: "../target/administrators-viewer.png", fullPage: true });

  await page.reload();
  await expect(page.getByRole("table", { name: "Sessions" })).toContainText("eve");
  await page.screenshot({ path: "../target/administrators.png", fullPage: true });
  await tokens.getByRole("button", { name: "Revoke eve" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke", exact: true }).click();
  await expect(page.getByText("eve was revoked.")).toBeVisible();
  await there.reload();
  await expect(there.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
  await other.close();
});

test("a token is made from the palette or by a key, and the trail says who did what from where", async ({ page, gateway }) => {
  await signIn(page, gateway);
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").fill("new tok");
  await page.keyboard.press("Enter");
  const form = page.getByRole("dialog", { name: "New token" });
  await expect(form).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(form).toBeHidden();
  await page.keyboard.press("n");
  await form.getByRole("textbox", { name: "Name" }).fill("mallory");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "I have stored it" }).click();
  await fetch(`${gateway.url}/admin/rpc/sign_in`, {
    method: "POST",
    headers: { origin: gateway.url, "content-type": "application/json" },
    body: JSON.stringify({ token: "a-wrong-token-0123456789" }),
  });

  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Changes" }).click();
  await page.getByRole("radio", { name: "Administrators" }).check({ force: true });
  const trail = page.getByRole("table", { name: "Trail of the administrators" });
  const made = trail.getByRole("row").filter({ hasText: "Token created" }).first();
  await expect(made).toContainText("mallory");
  await expect(made).toContainText("Dashboard");
  await expect(made).toContainText("127.0.0.1");
  await expect(made.getByRole("time")).toHaveAttribute("title", /\d{4}/);
  const refused = trail.getByRole("row").filter({ hasText: "Sign-in refused" }).first();
  await expect(refused).toContainText("Unknown");

  await page.getByLabel("Kind").selectOption({ label: "Sign-in refused" });
  await expect(page).toHaveURL(/kind=sign_in_refused/);
  await expect(made).toHaveCount(0);
  await page.getByRole("searchbox").fill("nobody");
  await expect(page.getByText("Nothing matches these filters.")).toBeVisible();
  await page.reload();
  await expect(page.getByText("Nothing matches these filters.")).toBeVisible();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect(made).toBeVisible();
  await page.getByLabel("To", { exact: true }).fill("2024-01-01");
  await expect(page.getByText("Nothing matches these filters.")).toBeVisible();
  await page.getByLabel("From", { exact: true }).fill("2024-01-02");
  await expect(page.getByLabel("To", { exact: true })).toHaveAttribute("aria-invalid", "true");
  await page.getByRole("button", { name: "Clear what is refused" }).click();
  await expect(made).toBeVisible();
  await page.getByRole("radio", { name: "Configuration" }).check({ force: true });
  await expect(page).not.toHaveURL(/trail|kind/);
});

test("the trail comes in pages", async ({ page, gateway }) => {
  for (let made = 0; made < 26; made += 1) {
    const { token_id } = await gateway.admin("POST", "/tokens", { name: `of many ${made}`, role: "viewer" });
    await gateway.admin("DELETE", `/tokens/${token_id}`);
  }
  await signIn(page, gateway, "/changes?trail=1");
  const rows = page.getByRole("table", { name: "Trail of the administrators" }).getByRole("row");
  await expect(rows).toHaveCount(51);
  await page.getByRole("button", { name: "Older entries" }).click();
  await expect(rows.filter({ hasText: "of many 0" }).filter({ hasText: "Token created" })).toBeVisible();
  expect(await rows.count()).toBeGreaterThan(53);
});

test("a name that is taken is said in the form, and a token can end", async ({ page, gateway }) => {
  await gateway.admin("POST", "/tokens", { name: "taken", role: "viewer" });
  await signIn(page, gateway, "/settings");
  await page.getByRole("button", { name: "New token" }).click();
  const form = page.getByRole("dialog", { name: "New token" });
  await form.getByRole("textbox", { name: "Name" }).fill("taken");
  await form.getByLabel("Expires").selectOption({ label: "In 30 days" });
  await form.getByRole("button", { name: "Create token" }).click();
  const name = form.getByLabel("Name");
  await expect(name).toHaveAttribute("aria-invalid", "true");
  await expect(name).toHaveAccessibleDescription("is the name of another token");
  await expect(name).toBeFocused();
  await form.getByRole("textbox", { name: "Name" }).fill("a month");
  await form.getByRole("button", { name: "Create token" }).click();
  await page.getByRole("button", { name: "I have stored it" }).click();
  const tokens = await gateway.admin("GET", "/tokens");
  const { expires_at } = tokens.find((token: { name: string }) => token.name === "a month");
  const days = (Date.parse(expires_at) - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(29.9);
  expect(days).toBeLessThan(30.1);
});
