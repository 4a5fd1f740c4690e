// Keys as an operator uses them: how long a rotated key's old value still works.

import { expect, expectAccessible, signIn, test } from "./stand";

test.use({ viewport: { width: 1440, height: 900 } });

test("a rotation says until when the old value works, and so do the key's row and form until then", async ({ page, gateway }) => {
  await gateway.key({ source_path: "grace", name: "In grace" });
  await signIn(page, gateway, "/keys");
  const row = page.getByRole("row").filter({ hasText: "In grace" });
  await expect(row).toBeVisible();
  await expect(row).not.toContainText("Old value");
  await row.getByRole("button", { name: "Rotate key In grace" }).click();
  await page.getByLabel("Old value works for").selectOption("86400");
  await page.getByRole("button", { name: "Rotate", exact: true }).click();
  const shown = page.getByRole("dialog", { name: "Key rotated" });
  const sentence = /Old value works until \d{4}-\d\d-\d\d \d\d:\d\d/;
  await expect(shown).toContainText(sentence);
  await expectAccessible(page);
  const said = sentence.exec((await shown.textContent()) ?? "")?.[0] ?? "";
  await shown.getByRole("button", { name: "I have stored the key" }).click();
  await expect(row.getByRole("button", { name: /^Rotate/ })).toBeFocused();
  await expect(row).toContainText(said);
  await row.getByRole("link", { name: "In grace", exact: true }).click();
  await expect(page.getByRole("dialog", { name: "Edit key" })).toContainText(said);
  await page.keyboard.press("Escape");

  // The history tells it, too, and leads to the key.
  const { key_id } = (await gateway.admin("GET", "/keys")).find((key: { name: string }) => key.name === "In grace");
  await page.goto(`${gateway.url}/admin/dashboard/changes?object_id=${key_id}`);
  await page.getByRole("row").filter({ hasText: "Rotated" }).getByRole("link").click();
  const change = page.getByRole("dialog", { name: "Change" });
  await expect(change).toContainText(said.replace("Old value works until ", "Old value until"));
  await expectAccessible(page);
  await change.getByRole("link", { name: "In grace" }).click();
  await expect(page.getByRole("dialog", { name: "Edit key" })).toContainText(said);
  await page.keyboard.press("Escape");

  // Rotated again without a grace, both old values are gone; with one there is no room for a second.
  await row.getByRole("button", { name: "Rotate key In grace" }).click();
  const grace = page.getByLabel("Old value works for");
  await grace.selectOption({ label: "1 hour" });
  await page.getByRole("button", { name: "Rotate", exact: true }).click();
  await expect(grace).toHaveAttribute("aria-invalid", "true");
  await expect(grace).toHaveAccessibleDescription(/no second one can beside it/);
  await grace.selectOption({ label: "not at all" });
  await page.getByRole("button", { name: "Rotate", exact: true }).click();
  await expect(shown).toBeVisible();
  await expect(shown).not.toContainText("Old value");
  await shown.getByRole("button", { name: "I have stored the key" }).click();
  await expect(row).not.toContainText("Old value");
});

test("a key is copied also where the browser offers no clipboard, as over plain HTTP from another machine", async ({ page, gateway }) => {
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, "clipboard", { value: undefined }));
  await signIn(page, gateway, "/keys?new=1");
  const form = page.getByRole("dialog", { name: "New key" });
  await form.getByLabel("Source").fill("no-clipboard");
  await form.getByRole("button", { name: "Create key" }).click();
  const shown = page.getByRole("dialog", { name: "Key created" });
  const value = (await shown.locator(".secret code").textContent()) ?? "";
  const copy = shown.locator(".secret").getByRole("button");
  await copy.click();
  await expect(copy).toHaveAccessibleName("Copied");
  await expect(copy).toBeFocused();
  await expect(page.locator("textarea.visually-hidden")).toHaveCount(0);
  await shown.getByRole("button", { name: "I have stored the key" }).click();
  await page.getByRole("searchbox", { name: "Search keys" }).focus();
  await page.keyboard.press("Control+V");
  await expect(page.getByRole("searchbox", { name: "Search keys" })).toHaveValue(value);
});
