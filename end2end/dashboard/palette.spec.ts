// The command palette, by keyboard alone and in both languages.

import { expect, expectAccessible, signIn, test } from "./stand";

test.beforeAll(async ({ gateway, upstream }) => {
  await gateway.route({ route_name: "Embeddings for search", match_path: "/palette/*", target_host: upstream.host });
  await gateway.key({ name: "Night shift", source_path: "palette" });
});

test("it goes to pages, creates, and finds keys and routes", async ({ page, gateway }) => {
  await signIn(page, gateway);
  const palette = page.getByRole("dialog", { name: "Command palette" });
  const field = palette.getByRole("combobox");
  const active = palette.getByRole("option", { selected: true });
  await page.keyboard.press("Control+k");
  await expect(field).toBeFocused();
  await expect(active).toContainText("Overview");
  await expectAccessible(page);
  await page.keyboard.press("ArrowDown");
  await expect(active).toContainText("Keys");
  // The field tells which one it is.
  await expect(field).toHaveAttribute("aria-activedescendant", (await active.getAttribute("id")) ?? "none");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await expect(active).toContainText("Sign out");
  await page.keyboard.press("Escape");
  await expect(palette).toBeHidden();

  const choose = async (typed: string, found: RegExp) => {
    await page.keyboard.press("Control+k");
    await expect(field).toBeFocused();
    await page.keyboard.type(typed);
    await expect(active).toContainText(found);
    await page.keyboard.press("Enter");
    await expect(palette).toBeHidden();
  };
  await choose("stat", /Statistics/);
  await expect(page.getByRole("heading", { level: 1, name: "Statistics" })).toBeVisible();
  await choose("new ro", /New route/);
  await expect(page.getByRole("dialog", { name: "New route" })).toBeVisible();
  // Over a form it does not open: what is typed there would be lost.
  await page.keyboard.press("Control+k");
  await expect(palette).toBeHidden();
  await page.keyboard.press("Escape");
  await choose("embeddings sea", /Embeddings for search/);
  await expect(page.getByRole("dialog", { name: "Edit route" }).getByLabel("Route name")).toHaveValue("Embeddings for search");
  await page.keyboard.press("Escape");
  await choose("night", /Night shift/);
  await expect(page.getByRole("dialog", { name: "Edit key" }).getByLabel("Name")).toHaveValue("Night shift");
  await page.keyboard.press("Escape");
  await choose("nothing-1234-5678", /Request with the id nothing-1234-5678/);
  await expect(page.getByRole("button", { name: "Remove filter Request id" })).toContainText("nothing-1234-5678");
});

test("what is nowhere is said, and a press on the button opens it as well", async ({ page, gateway }) => {
  await signIn(page, gateway);
  await page.getByRole("button", { name: "Go to…" }).click();
  const palette = page.getByRole("dialog", { name: "Command palette" });
  await palette.getByRole("combobox").fill("zzz qqq");
  await expect(palette.getByRole("status")).toHaveText("Nothing found.");
  await expect(palette.getByRole("option")).toHaveCount(0);
});

test("theme, language and sign-out", async ({ page, gateway }) => {
  await signIn(page, gateway);
  const run = async (typed: string) => {
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").getByRole("combobox").fill(typed);
    await page.keyboard.press("Enter");
  };
  await run("dark");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await run("chinese");
  await expect(page.getByRole("heading", { level: 1, name: "概览" })).toBeVisible();
  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog", { name: "命令面板" });
  // English words find their pages in every language.
  await palette.getByRole("combobox").fill("routes");
  await expect(palette.getByRole("option").first()).toContainText("路由");
  await palette.getByRole("combobox").fill("中文");
  await expect(palette.getByRole("option").first()).toContainText("English");
  await palette.getByRole("combobox").fill("退出");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "登录" })).toBeVisible();
});
