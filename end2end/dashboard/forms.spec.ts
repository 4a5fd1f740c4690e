// Forms: what is refused is said at its field, and what was typed is not thrown away unasked.

import type { Locator, Page } from "@playwright/test";
import { expect, expectAccessible, signIn, test } from "./stand";

test.use({ viewport: { width: 1440, height: 900 } });

/** The message that a field is described by. */
async function expectRefused(field: Locator, message: RegExp | string) {
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(field).toHaveAccessibleDescription(message);
}

for (const [what, path, button] of [
  ["Which route takes this request?", "/routes?match=1", "Find the route"],
  ["Send test: Forms", "", "Send test"],
] as const) {
  test(`"${what}" says at path and header what is wrong with them`, async ({ page, gateway, upstream }) => {
    const { route_id } = await gateway.route({ route_name: "Forms", match_path: "/forms/*", target_host: upstream.host });
    await signIn(page, gateway, path || `/routes?test=${route_id}`);
    const form = page.getByRole("dialog", { name: what });
    const field = form.getByRole("textbox", { name: /^Path/ });
    const send = form.locator("button[type=submit]");
    await expect(send).toContainText(button);
    await field.fill("no-slash");
    await send.click();
    await expectRefused(field, /must start with \//);
    await expect(field).toBeFocused();
    // What only the server knows comes to the same place, and the first of two has the focus.
    await field.fill("/forms/%zz");
    await form.getByRole("button", { name: "Add header" }).click();
    await expect(form.getByLabel("Header name 1")).toBeFocused();
    await page.keyboard.type("not a name");
    await send.click();
    await expectRefused(field, /.+/);
    await expectRefused(form.getByLabel("Header name 1"), /^not a name is not a header name/);
    await expect(form.locator(".field-error code", { hasText: "not a name" })).toBeVisible();
    await expect(field).toBeFocused();
    await expect(form.locator(".banner-bad")).toHaveCount(0);
    await expectAccessible(page);
    await field.fill("/forms/a");
    await expect(field).not.toHaveAttribute("aria-invalid");
    await form.getByLabel("Header name 1").fill("X-Team");
    await send.click();
    const said = form.getByText(/Forms takes this request|Sent to/);
    await expect(said.first()).toBeVisible();
    // It was said of another request.
    await field.fill("no-slash");
    await expectRefused(field, /must start with \//);
    await expect(said).toHaveCount(0);
  });
}

test("an upstream's address that is refused at the first steps is said at its field", async ({ page, gateway, upstream }) => {
  await gateway.route({ route_name: "Several", match_path: "/several", targets: [{ host: upstream.host }, { host: "b.test" }] });
  await signIn(page, gateway, "/routes");
  await page.getByRole("button", { name: "Edit route Several" }).click();
  const form = page.getByRole("dialog", { name: "Edit route" });
  await form.getByLabel("Host 2").fill("169.254.169.254");
  await form.getByRole("button", { name: "Save" }).click();
  await expectRefused(form.getByLabel("Host 2"), /does not connect to/);
  await expect(form.getByLabel("Host 2")).toBeFocused();
});

test("all that is wrong with a route is said at once, also what only the server finds", async ({ page, gateway }) => {
  await signIn(page, gateway, "/routes?new=1");
  const form = page.getByRole("dialog", { name: "New route" });
  const schema = form.getByLabel("Body rule");
  await form.getByLabel("Priority").fill("soon");
  await form.getByLabel("Path pattern").fill("no-slash");
  await schema.fill('{"type": "object", "minLength": -1}');
  await form.getByLabel("Host", { exact: true }).fill("169.254.169.254");
  await form.getByRole("button", { name: "Create route" }).click();
  await expectRefused(form.getByLabel("Route name"), "is required");
  await expectRefused(form.getByLabel("Priority"), /must be a whole number/);
  await expectRefused(form.getByLabel("Path pattern"), /must start with/);
  await expectRefused(schema, /is not a valid JSON Schema/);
  await expectRefused(form.getByLabel("Host", { exact: true }), /does not connect to/);
  await expect(form.getByLabel("Route name")).toBeFocused();
  // Nothing was made by the asking.
  await page.keyboard.press("Escape");
  await question(page).getByRole("button", { name: "Discard" }).click();
  expect((await gateway.admin("GET", "/routes")).map((route: { match_path: string }) => route.match_path)).not.toContain("no-slash");
});

test("all that is wrong with a key is said at once", async ({ page, gateway }) => {
  await signIn(page, gateway, "/keys?new=1");
  const form = page.getByRole("dialog", { name: "New key" });
  await form.getByLabel("Permissions").fill("fly");
  await form.getByLabel("Requests per minute").fill("x");
  await form.getByRole("button", { name: "Create key" }).click();
  await expectRefused(form.getByLabel("Source"), /is required/);
  await expectRefused(form.getByLabel("Permissions"), /fly is not a permission/);
  await expect(form.locator(".field-error code", { hasText: "fly" })).toHaveText("fly");
  await expectRefused(form.getByLabel("Requests per minute"), /must be a whole number/);
});

const question = (page: Page) => page.getByRole("dialog", { name: "Discard changes?" });

for (const [what, path, label] of [
  ["New key", "/keys?new=1", /^Source/],
  ["New route", "/routes?new=1", /^Route name/],
  ["Which route takes this request?", "/routes?match=1", /^Path/],
  ["Import keys and routes", "/routes?import=1", /^Document/],
  ["New token", "/settings?new=1", /^Name/],
] as const) {
  test(`"${what}" asks before it throws away what was typed`, async ({ page, gateway }) => {
    await signIn(page, gateway, path);
    const form = page.getByRole("dialog", { name: what });
    const field = form.getByRole("textbox", { name: label });
    await field.click();
    // Nothing was typed: nothing is lost.
    await page.keyboard.press("Escape");
    await expect(form).toBeHidden();
    await page.goto(`${gateway.url}/admin/dashboard${path}`);
    await field.fill("half a thought");
    await page.keyboard.press("Escape");
    await expect(question(page).getByRole("button", { name: "Keep editing" })).toBeFocused();
    await expectAccessible(page);
    await page.keyboard.press("Enter");
    await expect(question(page)).toBeHidden();
    await expect(field).toHaveValue("half a thought");
    await expect(field).toBeFocused();
    // A browser lets Esc pass the second time when nothing else was pressed since; the form stays all the same.
    for (let times = 0; times < 3; times += 1) {
      await page.keyboard.press("Escape");
      await expect(question(page)).toBeVisible();
      await page.keyboard.press("Escape");
      await expect(question(page)).toBeHidden();
      await expect(field).toHaveValue("half a thought");
      await expect(field).toBeVisible();
    }
    const leave = form.getByRole("button", { name: /^(Cancel|Close)$/ });
    for (const button of [leave.last(), leave.first()]) {
      await button.click();
      await question(page).getByRole("button", { name: "Keep editing" }).click();
      await expect(field).toHaveValue("half a thought");
      await expect(button).toBeFocused();
    }
    await leave.last().click();
    await question(page).getByRole("button", { name: "Discard" }).click();
    await expect(form).toBeHidden();
    await expect(page).not.toHaveURL(/=1/);
  });
}

test("Back, Forward and a reload ask before they throw away what was typed", async ({ page, gateway }) => {
  await signIn(page, gateway, "/routes");
  await page.getByRole("link", { name: "Keys" }).first().click();
  await page.getByRole("button", { name: "New key" }).first().click();
  const form = page.getByRole("dialog", { name: "New key" });
  const field = form.getByLabel("Source");
  // Nothing was typed: Back closes it, and Forward opens it again.
  await page.goBack();
  await expect(form).toBeHidden();
  await page.goForward();
  await field.fill("half a thought");
  for (const answer of ["Keep editing", "Escape"]) {
    await page.goBack();
    await expect(question(page)).toBeVisible();
    await expect(page).toHaveURL(/keys\?new=1/);
    if (answer === "Escape") await page.keyboard.press("Escape");
    else await question(page).getByRole("button", { name: answer }).click();
    await expect(question(page)).toBeHidden();
    await expect(field).toHaveValue("half a thought");
  }
  const asked = page.waitForEvent("dialog");
  await page.evaluate(() => setTimeout(() => location.reload()));
  const dialog = await asked;
  expect(dialog.type()).toBe("beforeunload");
  await dialog.dismiss();
  await expect(field).toHaveValue("half a thought");

  await page.goBack();
  await question(page).getByRole("button", { name: "Discard" }).click();
  await expect(form).toBeHidden();
  await expect(page).toHaveURL(/dashboard\/keys$/);
  // Back goes on to where one was before, and nothing is asked any more.
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1, name: "Routes" })).toBeVisible();
  page.on("dialog", () => expect(false, "nothing is asked").toBe(true));
  await page.reload();
  await expect(page.getByRole("heading", { level: 1, name: "Routes" })).toBeVisible();
});

test("what was saved is not asked about", async ({ page, gateway }) => {
  await signIn(page, gateway, "/routes?new=1");
  const form = page.getByRole("dialog", { name: "New route" });
  await form.getByLabel("Route name").fill("Saved at once");
  await form.getByLabel("Path pattern").fill("/saved/*");
  await form.getByLabel("Host", { exact: true }).fill("one.test");
  await form.getByRole("button", { name: "Create route" }).click();
  await expect(form).toBeHidden();
  page.on("dialog", () => expect(false, "nothing is asked").toBe(true));
  await page.reload();
  await expect(page.getByRole("row").filter({ hasText: "Saved at once" })).toBeVisible();
});

test("a request that was tested is not asked about", async ({ page, gateway }) => {
  await signIn(page, gateway, "/routes?match=1");
  const form = page.getByRole("dialog", { name: "Which route takes this request?" });
  await form.getByLabel("Path").fill("/nobody/knows");
  await form.locator("button[type=submit]").click();
  await expect(form.getByText(/No route takes|404/).first()).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(form).toBeHidden();
  await expect(question(page)).toBeHidden();
});
