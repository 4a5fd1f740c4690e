// The history as an operator uses it: see who changed what, restore, import with its differences first, and meet another
// administrator in the same form.

import type { Locator, Page } from "@playwright/test";
import type { Gateway } from "../support/gateway.mjs";
import { expect, expectAccessible, signIn, test } from "./stand";

/** Nothing of a comparison is cut off: what is not seen would be decided about all the same. */
async function expectWhole(diffs: Locator) {
  const cut = (all: Element[]) => all.filter((diff) => diff.scrollHeight > diff.clientHeight + 1).length;
  expect(await diffs.count()).toBeGreaterThan(0);
  expect(await diffs.evaluateAll(cut)).toBe(0);
}

test.use({ viewport: { width: 1440, height: 900 } });

/** Opens a page, signed in. */
async function open(page: Page, gateway: Gateway, path: string) {
  const signedIn = (await page.context().cookies()).length > 0;
  if (signedIn) await page.goto(`${gateway.url}/admin/dashboard${path}`);
  else await signIn(page, gateway, path);
}

const dialog = (page: Page, name: string | RegExp) => page.getByRole("dialog", { name });

test("a change is listed with who, when and what, and is undone from its row", async ({ page, gateway }) => {
  const { route_id } = await gateway.route({ route_name: "History one", match_path: "/h1/*", target_host: "one.test" });
  await gateway.admin("PUT", `/routes/${route_id}`, { target_host: "two.test", priority: 9 });

  await signIn(page, gateway);
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("c");
  await expect(page.getByRole("heading", { level: 1, name: "Changes" })).toBeVisible();
  const row = page.getByRole("row").filter({ hasText: "History one" }).first();
  await expect(row).toContainText("Changed");
  await expect(row).toContainText("target_host");
  await expect(row).toContainText("Admin token");
  await expect(row.getByRole("time")).toHaveAttribute("title", /\d{4}/);

  await row.getByRole("link", { name: "History one" }).click();
  const drawer = dialog(page, "Change");
  await expect(drawer.getByRole("link", { name: "History one" })).toHaveAttribute("href", new RegExp(`/routes\\?edit=${route_id}$`));
  await expect(drawer.locator("del").filter({ hasText: "one.test" })).toBeVisible();
  await expect(drawer.locator("ins").filter({ hasText: "two.test" })).toBeVisible();
  await expectAccessible(page);
  await drawer.getByRole("button", { name: "Restore…" }).click();
  const question = dialog(page, "Restore History one?");
  await expect(question.getByRole("combobox")).toHaveValue("before");
  await expect(question).toContainText("takes effect at once");
  await expect(question.locator("ins").filter({ hasText: "one.test" })).toBeVisible();
  await expect(question.getByRole("button", { name: "Cancel" })).toBeFocused();
  await expectAccessible(page);
  await question.getByRole("button", { name: "Restore", exact: true }).click();
  await expect(question).toBeHidden();
  expect((await gateway.admin("GET", `/routes/${route_id}`)).target_host).toBe("one.test");
  await expect(page.getByRole("row").filter({ hasText: "History one" }).first()).toContainText("by a restore");
});

test("a deleted key comes back from the history and works", async ({ page, gateway, upstream }) => {
  await gateway.route({ route_name: "Back", match_path: "/back/*", target_host: upstream.host, target_path: "/v1/chat/completions" });
  const { key_id, key_value } = await gateway.key({ source_path: "comes-back" });
  await gateway.admin("DELETE", `/keys/${key_id}`);
  const call = () => fetch(`${gateway.url}/back/x`, { headers: { authorization: `Bearer ${key_value}` } });
  expect((await call()).status).toBe(401);

  await signIn(page, gateway, "/changes?kind=key");
  const row = page.getByRole("row").filter({ hasText: "comes-back" }).first();
  await expect(row).toContainText("Deleted");
  // What is gone has no page.
  await row.getByRole("link", { name: "comes-back" }).click();
  await expect(dialog(page, "Change")).toContainText("comes-back");
  await expect(dialog(page, "Change").getByRole("link")).toHaveCount(0);
  await page.keyboard.press("Escape");
  await row.getByRole("button", { name: "Restore comes-back" }).click();
  const question = dialog(page, "Restore comes-back?");
  await expect(question).toContainText("Its old secret works again");
  await question.getByRole("button", { name: "Restore", exact: true }).click();
  await expect(question).toBeHidden();
  expect((await call()).status).not.toBe(401);
});

test("nothing is offered where there is nothing to restore, and why is said", async ({ page, gateway }) => {
  const { key_id } = await gateway.key({ source_path: "stands-still" });
  await gateway.admin("POST", `/keys/${key_id}/rotate`, {});
  await signIn(page, gateway, `/changes?object_id=${key_id}`);
  const row = (action: string) => page.getByRole("row").filter({ hasText: action });
  const restore = page.getByRole("button", { name: /^Restore/ });
  await expect(row("Created")).toBeVisible();
  await expect(restore).toHaveCount(0);
  const drawer = dialog(page, "Change");
  for (const [action, why] of [
    ["Created", "It already stands like this"],
    ["Rotated", "A rotation is not turned back"],
  ]) {
    await row(action).getByRole("link", { name: "stands-still" }).click();
    await expect(drawer).toContainText(why);
    await expect(restore).toHaveCount(0);
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await expect(drawer).toBeHidden();
  }

  // Once it stands otherwise, the version leads back to all but the value.
  await gateway.admin("PUT", `/keys/${key_id}`, { rate_limit: 5 });
  await page.reload();
  await row("Rotated").getByRole("button", { name: "Restore stands-still" }).click();
  const question = dialog(page, "Restore stands-still?");
  await expect(question.getByRole("combobox")).toHaveValue("after");
  await expect(question.getByRole("option")).toHaveCount(1);
  await expect(question).toContainText("The rotation itself stays: the old value is not kept.");
  await question.getByRole("button", { name: "Restore", exact: true }).click();
  await expect(question).toBeHidden();
  expect((await gateway.admin("GET", `/keys/${key_id}`)).rate_limit).toBe(null);
});

test("filters live in the address", async ({ page, gateway }) => {
  await gateway.key({ source_path: "some-key" });
  await gateway.route({ route_name: "Filtered", match_path: "/f/*", target_host: "one.test" });
  await signIn(page, gateway, "/changes");
  await page.getByLabel("Kind").selectOption("key");
  await expect(page).toHaveURL(/kind=key/);
  await expect(page.getByRole("row").filter({ hasText: "Filtered" })).toHaveCount(0);
  await page.getByLabel("Who").selectOption("program");
  await expect(page.getByText("Nothing matches these filters.")).toBeVisible();
  await page.reload();
  await expect(page.getByText("Nothing matches these filters.")).toBeVisible();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect(page.getByRole("row").filter({ hasText: "Filtered" }).first()).toBeVisible();
});

test("a range that ends before it begins is refused at its field", async ({ page, gateway }) => {
  await gateway.key({ source_path: "of-today" });
  await signIn(page, gateway, "/changes?start_time=2026-05-02&end_time=2026-05-01");
  const until = page.getByLabel("To", { exact: true });
  await expect(until).toHaveAttribute("aria-invalid", "true");
  await expect(until).toHaveAccessibleDescription("is before start_time");
  const list = page.getByRole("alert").filter({ hasText: "To: is before start_time" });
  await expect(list).toBeVisible();
  await expectAccessible(page);
  await list.getByRole("button", { name: "Clear what is refused" }).click();
  await expect(page.getByRole("row").filter({ hasText: "of-today" }).first()).toBeVisible();
  await expect(page).toHaveURL(/changes\?start_time=2026-05-02$/);
  await expect(until).not.toHaveAttribute("aria-invalid");
});

for (const [what, path, heading] of [
  ["route", "/routes", "Edit route"],
  ["key", "/keys", "Edit key"],
] as const) {
  test(`two administrators in the same ${what} decide what holds`, async ({ page, gateway }) => {
    const name = `Clash of ${what}`;
    const made =
      what === "route"
        ? await gateway.route({ route_name: name, match_path: "/clash/*", target_host: "one.test" })
        : await gateway.key({ source_path: "clash", name });
    const address = `${path}/${made.route_id ?? made.key_id}`;
    const open = async () => {
      await page.getByRole("row").filter({ hasText: name }).getByRole("link", { name, exact: true }).click();
      return dialog(page, heading);
    };
    const limit = (form: ReturnType<typeof dialog>) => form.getByLabel(/^Requests per minute/);

    await signIn(page, gateway, path);
    let form = await open();
    await limit(form).fill("6");
    // Fields that one of the two changed, and one that both did.
    await form.getByLabel(what === "route" ? /^Priority/ : /^Source/).fill(what === "route" ? "77" : "both");
    await gateway.admin("PUT", address, { rate_limit: 5, max_concurrency: 3 });
    await form.getByRole("button", { name: "Save" }).click();
    const conflict = dialog(page, "Somebody else changed this meanwhile");
    await expect(conflict).toContainText("both changed");
    await expect(conflict).toContainText("max_concurrency");
    await expect(conflict.getByRole("button", { name: "Keep editing" })).toBeFocused();
    await expectAccessible(page);
    expect((await gateway.admin("GET", address)).rate_limit).toBe(5);

    // Both ways out of it lead back to what was typed.
    await page.keyboard.press("Escape");
    await expect(conflict).toBeHidden();
    await expect(limit(form)).toHaveValue("6");
    await form.getByRole("button", { name: "Save" }).click();
    await conflict.getByRole("button", { name: "Keep editing" }).click();
    await expect(limit(form)).toHaveValue("6");
    await form.getByRole("button", { name: "Save" }).click();
    await expect(conflict).toBeVisible();
    await expectWhole(conflict.locator(".diff"));
    // What both changed is mine unless it is chosen otherwise; there is nothing to choose of the rest.
    await expect(conflict.getByRole("radio")).toHaveCount(2);
    await expect(conflict.getByRole("radio", { name: "rate_limit: mine" })).toBeChecked();
    await conflict.getByRole("button", { name: "Save both" }).click();
    await expect(form).toBeHidden();
    const mine = what === "route" ? { priority: 77 } : { source_path: "both" };
    expect(await gateway.admin("GET", address)).toMatchObject({ ...mine, rate_limit: 6, max_concurrency: 3 });

    form = await open();
    await limit(form).fill("9");
    await form.getByLabel(/^Requests at once/).fill("4");
    await gateway.admin("PUT", address, { rate_limit: 10 });
    await form.getByRole("button", { name: "Save" }).click();
    const theirs = conflict.getByRole("radio", { name: "rate_limit: theirs" });
    await theirs.press("Space");
    await expect(theirs).toBeChecked();
    await expectAccessible(page);
    await conflict.getByRole("button", { name: "Save both" }).click();
    await expect(form).toBeHidden();
    expect(await gateway.admin("GET", address)).toMatchObject({ ...mine, rate_limit: 10, max_concurrency: 4 });

    form = await open();
    await limit(form).fill("8");
    await gateway.admin("PUT", address, { rate_limit: 7 });
    await form.getByRole("button", { name: "Save" }).click();
    await conflict.getByRole("button", { name: "Take theirs" }).click();
    await expect(form).toBeHidden();
    expect((await gateway.admin("GET", address)).rate_limit).toBe(7);
  });
}

for (const [what, path, heading] of [
  ["route", "/routes", "Edit route"],
  ["key", "/keys", "Edit key"],
] as const) {
  test.describe(`a ${what} that somebody else deleted`, () => {
    test.use({ forgiven: / 404 / });

    const name = `Gone ${what}`;
    const limit = (form: ReturnType<typeof dialog>) => form.getByLabel(/^Requests per minute/);
    const rows = (page: Page) => page.getByRole("row").filter({ hasText: name });
    const make = async (gateway: Gateway) => {
      const made =
        what === "route"
          ? await gateway.route({ route_name: name, match_path: "/gone/*", target_host: "one.test" })
          : await gateway.key({ source_path: "gone", name });
      return `${path}/${made.route_id ?? made.key_id}`;
    };

    test("is said with who and when, and is made anew from what was typed", async ({ page, gateway }) => {
      const address = await make(gateway);
      await signIn(page, gateway, `${path}?edit=${address.split("/").pop()}`);
      const form = dialog(page, heading);
      await limit(form).fill("6");
      await gateway.admin("DELETE", address);
      await form.getByRole("button", { name: "Save" }).click();
      const gone = dialog(page, "Somebody else deleted this meanwhile");
      await expect(gone).toContainText(/Admin token, 127\.0\.0\.1, \d{4}-\d\d-\d\d \d\d:\d\d/);
      await expect(gone.getByRole("button", { name: "Keep editing" })).toBeFocused();
      await expectAccessible(page);
      await page.keyboard.press("Escape");
      await expect(gone).toBeHidden();
      await expect(limit(form)).toHaveValue("6");
      await form.getByRole("button", { name: "Save" }).click();
      await gone.getByRole("button", { name: "Create anew" }).click();
      await expect(form).toBeHidden();
      if (what === "key") await page.getByRole("button", { name: "I have stored the key" }).click();
      await expect(rows(page)).toHaveCount(1);
      const all = await gateway.admin("GET", path);
      const anew = all.find((one: { route_name?: string; name?: string }) => (one.route_name ?? one.name) === name);
      expect(anew.rate_limit).toBe(6);
      await gateway.admin("DELETE", `${path}/${anew.route_id ?? anew.key_id}`);
    });

    test("leaves the list when its row is pressed", async ({ page, gateway }) => {
      for (const press of [
        () => page.getByRole("switch", { name }).click(),
        async () => {
          await page.getByRole("button", { name: new RegExp(`^Delete.* ${name}$`) }).click();
          await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
        },
      ]) {
        const address = await make(gateway);
        await page.goto("about:blank");
        await open(page, gateway, path);
        await expect(rows(page)).toHaveCount(1);
        await gateway.admin("DELETE", address);
        await press();
        await expect(page.locator(".toast").last()).toContainText("Somebody else deleted this meanwhile: Admin token");
        await expect(rows(page)).toHaveCount(0);
      }
    });
  });
}

for (const [what, path, title, action] of [
  ["route", "/routes", "Delete this route?", "Delete"],
  ["key", "/keys", "Delete this key?", "Delete"],
  ["token", "/settings", "Revoke token?", "Revoke"],
] as const) {
  test(`what somebody else changed meanwhile is shown before a ${what} is deleted`, async ({ page, gateway }) => {
    const name = `Doomed ${what}`;
    const make = {
      route: () => gateway.route({ route_name: name, match_path: "/doomed/*", target_host: "one.test" }),
      key: () => gateway.key({ source_path: "doomed", name }),
      token: () => gateway.admin("POST", "/tokens", { name, role: "viewer" }),
    };
    const made = await make[what]();
    const address = { route: `/routes/${made.route_id}`, key: `/keys/${made.key_id}`, token: `/tokens/${made.token_id}` }[what];
    const theirs = { route: { priority: 7 }, key: { rate_limit: 7 }, token: { role: "operator" } }[what];
    const changed = Object.keys(theirs)[0];

    await signIn(page, gateway, path);
    const ask = page.getByRole("button", { name: new RegExp(`^(Delete|Revoke).* ${name}$`) });
    await ask.click();
    const sent = page.waitForRequest((request) => request.method() === "DELETE");
    await gateway.admin("PUT", address, theirs);
    await dialog(page, title).getByRole("button", { name: action, exact: true }).click();
    expect((await (await sent).allHeaders())["if-match"]).toBeTruthy();
    const conflict = dialog(page, "Somebody else changed this meanwhile");
    await expect(conflict.locator(".diff")).toContainText(changed);
    await expect(conflict.locator(".diff-field")).toHaveCount(1);
    await expect(conflict).toContainText("Admin token");
    await expect(conflict.getByRole("button", { name: "Cancel" })).toBeFocused();
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await expect(conflict).toBeHidden();
    await gateway.admin("GET", address);

    // What is on the screen now is what they made of it: that may go.
    await expect(dialog(page, title)).toBeHidden();
    await page.reload();
    await ask.click();
    await dialog(page, title).getByRole("button", { name: action, exact: true }).click();
    await expect(page.getByRole("row").filter({ hasText: name })).toHaveCount(0);

    // Or it goes in spite of what was changed.
    const again = await make[what]();
    const second = address.replace(made.route_id ?? made.key_id ?? made.token_id, again.route_id ?? again.key_id ?? again.token_id);
    await page.reload();
    await ask.click();
    await gateway.admin("PUT", second, theirs);
    await dialog(page, title).getByRole("button", { name: action, exact: true }).click();
    await conflict.getByRole("button", { name: "Delete anyway" }).click();
    await expect(conflict).toBeHidden();
    await expect(page.getByRole("row").filter({ hasText: name })).toHaveCount(0);
    await expect(gateway.admin("GET", second)).rejects.toThrow("404");
  });
}

test("an import shows every difference and every error before it applies", async ({ page, gateway }) => {
  await gateway.route({ route_name: "Imported over", match_path: "/i/*", target_host: "one.test" });
  await signIn(page, gateway, "/routes");
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export YAML" }).click();
  expect((await download).suggestedFilename()).toBe("fastgate.yaml");

  await page.getByRole("button", { name: "Import", exact: true }).click();
  const form = dialog(page, "Import keys and routes");
  const document = form.getByRole("textbox", { name: "Document" });
  await document.fill("routes:\n- {route_name: r, match_path: v1, target_host: one.test}\n");
  await form.getByRole("button", { name: "Show differences" }).click();
  // At the text itself, with all places in it.
  await expect(document).toHaveAttribute("aria-invalid", "true");
  await expect(document).toHaveAccessibleDescription(/routes\[0\]\.match_path: must start with/);
  await expect(document).toBeFocused();
  await expectAccessible(page);

  await document.fill(
    "routes:\n- {route_name: Imported over, match_path: /i/*, target_host: two.test}\n- {route_name: Imported anew, match_path: /n/*, target_host: n.test}\nkeys:\n- {name: imported key, source_path: ci}\n",
  );
  await expect(document).not.toHaveAttribute("aria-invalid");
  await form.getByRole("button", { name: "Show differences" }).click();
  await expect(form).toContainText("2 to make, 1 to change, 0 to delete");
  await expect(form.locator("ins").filter({ hasText: "two.test" })).toBeVisible();
  await expectWhole(form.locator(".diff"));
  await expectAccessible(page);
  await form.getByRole("button", { name: "Apply" }).click();
  const keys = dialog(page, "New keys");
  await expect(keys.locator(".secret code")).toHaveText(/^fg_/);
  await expectAccessible(page);
  await keys.getByRole("button", { name: "I have stored them" }).click();
  await expect(keys).toBeHidden();
  await expect(page.getByRole("row").filter({ hasText: "Imported over" })).toContainText("two.test");
});
