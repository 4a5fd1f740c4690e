// The playground as an operator uses it: choose, edit, send, watch the answer come, stop, copy, and look the request up.

import type { Page } from "@playwright/test";
import { expect, expectAccessible, signIn, test } from "./stand";

test.use({ viewport: { width: 1440, height: 900 } });

test.beforeAll(async ({ gateway, upstream }) => {
  const chat = { match_path: "/play/v1/*", match_method: "POST", target_host: upstream.host, strip_path_prefix: false, target_path: "" };
  await gateway.route({ ...chat, route_name: "Play chat", priority: 1, match_body_schema: { model: "gpt-4o-mini" } });
  await gateway.route({ ...chat, route_name: "Play qwen", priority: 1, match_body_schema: { model: "qwen3-32b" } });
  await gateway.route({ ...chat, route_name: "Play other", priority: 2 });
  await gateway.key({ name: "Player", source_path: "playground" });
  await gateway.key({ name: "Away", source_path: "playground", is_active: false });
});

async function open(page: Page) {
  await expect(page.getByRole("heading", { level: 1, name: "Playground" })).toBeVisible();
  const form = page.locator(".playground-form");
  await form.getByLabel("Route", { exact: true }).selectOption({ label: "Play chat · /play/v1/*" });
  await expect(form.getByLabel("Path")).toHaveValue("/play/v1/chat/completions");
  const label = await form.getByLabel("Key", { exact: true }).locator("option", { hasText: "Player" }).textContent();
  await form.getByLabel("Key", { exact: true }).selectOption({ label: label ?? "" });
  return { form, answer: page.getByRole("region", { name: "Answer" }) };
}

test("a chat streams in with its figures, and its record says where it came from", async ({ page, gateway, upstream }) => {
  await signIn(page, gateway);
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  const { form, answer } = await open(page);
  await expect(page.getByText("spends real quota")).toBeVisible();
  await expect(form.getByLabel("Key", { exact: true }).locator("option", { hasText: "Away" })).toHaveCount(0);

  const body = form.getByLabel("Body");
  await body.fill('{"model": "gpt-4o-mini", "messages": [],');
  await expect(form.getByText("is not valid JSON")).toBeVisible();
  await form.getByRole("button", { name: "Send" }).click();
  await expect(body).toBeFocused();
  const chat = { model: "gpt-4o-mini", messages: [], stream: true, stream_options: { include_usage: true }, metadata: { chunks: "40", gap_ms: "100" } };
  await body.fill(JSON.stringify(chat));
  await expect(form.getByText("is not valid JSON")).toBeHidden();
  await form.getByRole("button", { name: "Send" }).click();

  // The text is there while the upstream still sends.
  await expect(answer.getByText("The answer comes")).toBeVisible();
  await expect(answer.locator("pre")).toContainText("word3");
  await expect(answer.getByText("The answer comes")).toBeVisible();
  await expect(answer.getByText("Done")).toBeVisible({ timeout: 30_000 });
  await expect(answer.locator("pre")).toContainText("A word1 word2");
  await expect(answer.getByText("7 in, 40 out")).toBeVisible();
  await expect(answer.locator("dl")).toContainText([/First byte\d.*Total\d.*Tokens per second\d/, /Play chat/]);
  await expectAccessible(page);
  await answer.getByRole("tab", { name: "Raw" }).click();
  await expect(answer.locator("pre")).toContainText("data: [DONE]");
  await answer.getByRole("tab", { name: "Headers" }).click();
  await expect(answer.locator("pre")).toContainText("content-type: text/event-stream");
  expect(upstream.last?.body?.stream).toBe(true);

  await answer.getByRole("link", { name: /^\d+$/ }).click();
  const record = page.getByRole("dialog", { name: "Request" });
  await expect(record.getByRole("link", { name: "Playground", exact: true })).toBeVisible();
  await expect(record).toContainText("session");
  await expect(record).toContainText("playground");
});

test("what is written stays while other pages are looked at and through a reload, and ends with the session", async ({ page, gateway }) => {
  await signIn(page, gateway, "/playground");
  const { form } = await open(page);
  await form.getByLabel("Model").fill("error-429");
  const body = form.getByLabel("Body");
  await body.fill('{"model": "error-429", "messages": [], "user": "kept"}');
  await form.locator("summary").click();
  await form.getByLabel("Header value 1").fill("application/json; charset=utf-8");
  const chosen = await form.getByLabel("Key", { exact: true }).inputValue();
  const navigation = page.getByRole("navigation", { name: "Main" });
  await navigation.getByRole("link", { name: "Keys" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "API keys" })).toBeVisible();
  await navigation.getByRole("link", { name: "Playground" }).click();
  await expect(form.getByLabel("Route", { exact: true }).locator("option:checked")).toHaveText("Play chat · /play/v1/*");
  await expect(form.getByLabel("Key", { exact: true })).toHaveValue(chosen);
  await expect(form.getByLabel("Model")).toHaveValue("error-429");
  await expect(body).toHaveValue(/"user": "kept"/);
  await form.locator("summary").click();
  await expect(form.getByLabel("Header value 1")).toHaveValue("application/json; charset=utf-8");
  // A reload takes nothing but credentials, which are in memory alone.
  await form.getByRole("button", { name: "Add header" }).click();
  await form.getByLabel("Header name 2").fill("X-Api-Key");
  await form.getByLabel("Header value 2").fill("sk-in-memory-alone");
  const stored = () => page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  await page.reload();
  await expect(form.getByLabel("Route", { exact: true }).locator("option:checked")).toHaveText("Play chat · /play/v1/*");
  await expect(form.getByLabel("Key", { exact: true })).toHaveValue(chosen);
  await expect(form.getByLabel("Model")).toHaveValue("error-429");
  await expect(body).toHaveValue(/"user": "kept"/);
  await form.locator("summary").click();
  await expect(form.getByLabel("Header value 1")).toHaveValue("application/json; charset=utf-8");
  await expect(form.getByLabel("Header value 2")).toHaveCount(0);
  expect(await stored()).not.toContain("sk-in-memory-alone");
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByLabel("Admin token")).toBeVisible();
  expect(await stored()).not.toContain("kept");
  await signIn(page, gateway, "/playground");
  await expect(body).not.toHaveValue(/kept/);
});

test("another route keeps a body that was written", async ({ page, gateway }) => {
  await signIn(page, gateway, "/playground");
  const { form } = await open(page);
  const body = form.getByLabel("Body");
  await body.fill('{"model": "gpt-4o-mini", "messages": [], "seed": 7}');
  await form.getByLabel("Route", { exact: true }).selectOption({ label: "Play qwen · /play/v1/*" });
  await expect(body).toHaveValue('{"model": "qwen3-32b", "messages": [], "seed": 7}');
});

test("a change of language keeps what is written and what came of it, and the focus", async ({ page, gateway }) => {
  await signIn(page, gateway, "/playground");
  const { form, answer } = await open(page);
  await form.getByLabel("Body").fill('{"model": "gpt-4o-mini", "messages": [], "user": "kept"}');
  await form.getByRole("button", { name: "Send" }).click();
  await expect(answer.getByText("Done")).toBeVisible();
  await page.getByRole("button", { name: "简体中文" }).press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "试验台" })).toBeVisible();
  await expect(page.getByRole("button", { name: "English" })).toBeFocused();
  await expect(form.locator("textarea")).toHaveValue(/"user": "kept"/);
  await expect(page.getByRole("region", { name: "响应" }).getByText("完成")).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "简体中文" })).toBeFocused();
});

test("a route brings its model along, what was typed stays, and it is said beforehand who takes it", async ({ page, gateway }) => {
  await signIn(page, gateway, "/playground");
  const { form } = await open(page);
  const choose = (label: string) => form.getByLabel("Route", { exact: true }).selectOption({ label });
  const model = form.getByLabel("Model");
  const warning = form.getByText(/takes it: /);
  await choose("Play qwen · /play/v1/*");
  await expect(model).toHaveValue("qwen3-32b");
  await expect(form.getByLabel("Body")).toHaveValue(/"model": "qwen3-32b"/);
  await choose("Play other · /play/v1/*");
  await expect(model).toHaveValue("gpt-4o-mini");
  await expect(warning).toHaveText("Another route takes it: Play chat.");
  await model.fill("of my own");
  await expect(warning).toHaveCount(0);
  await choose("None: I write the path");
  await choose("Play other · /play/v1/*");
  await expect(model).toHaveValue("of my own");
  await form.getByLabel("Path").fill("/nowhere");
  await expect(form.getByText("No route takes this request")).toBeVisible();
});

test("what the key or the route lacks is said before anything is sent", async ({ page, gateway, upstream }) => {
  const narrow = await gateway.key({ name: "Narrow", source_path: "playground", permissions: ["embeddings"] });
  const away = (await gateway.admin("GET", "/keys")).find((key: { name: string }) => key.name === "Away");
  const closed = await gateway.route({ route_name: "Play closed", match_path: "/play/closed/*", target_host: upstream.host, is_active: false });
  await signIn(page, gateway, "/playground");
  const { form } = await open(page);
  const key = form.getByLabel("Key", { exact: true });
  const player = await key.inputValue();
  await key.selectOption(narrow.key_id);
  const lacks = form.getByText("The API key lacks a permission: chat, route:Play chat or a path: that takes this request.");
  await expect(lacks).toBeVisible();
  await expectAccessible(page);
  await key.selectOption(player);
  await expect(lacks).toHaveCount(0);

  // What the address brings is not offered, but told as it is.
  await page.goto(`${gateway.url}/admin/dashboard/playground?route=${closed.route_id}&key=${away.key_id}`);
  await expect(form.getByLabel("Route", { exact: true }).locator("option:checked")).toHaveText("Play closed · /play/closed/* · Off");
  await expect(key.locator("option:checked")).toHaveText(/^Away · .* · Off$/);
  await expect(form.getByText("This route is off. No route takes this request: it answers 404. The API key is disabled.")).toBeVisible();
  await expectAccessible(page);
});

test("stopping lets go of the upstream", async ({ page, gateway, upstream }) => {
  await signIn(page, gateway, "/playground");
  const { form, answer } = await open(page);
  await form.getByLabel("Body").fill(JSON.stringify({ model: "gpt-4o-mini", messages: [], stream: true, metadata: { chunks: "900", gap_ms: "100" } }));
  await form.getByLabel("Body").press("Control+Enter");
  await expect(answer.locator("pre")).toContainText("word2");
  const { last } = upstream;
  await form.getByRole("button", { name: "Stop" }).click();
  await expect(answer.getByText("Stopped")).toBeVisible();
  await expect.poll(() => last?.left_at).toBeTruthy();
  // The record before it is another test's, until this one is written.
  await expect.poll(async () => (await gateway.record("path=/play/v1/chat/completions")).outcome).toBe("client_closed");
});

test("the model is the body's, another route's answer is pointed out, errors show as they are", async ({ page, gateway }) => {
  await signIn(page, gateway, "/playground");
  const { form, answer } = await open(page);
  await form.getByLabel("Model").fill("error-429");
  await expect(form.getByLabel("Body")).toHaveValue(/"model": "error-429"/);
  await expect(form.getByText("Another route takes it: Play other.")).toBeVisible();
  await form.getByRole("button", { name: "Send" }).click();
  await expect(answer.getByText("429", { exact: true })).toBeVisible();
  await expect(answer.getByText("The call came back with an error.")).toBeVisible();
  await expect(answer.getByText("Done")).toHaveCount(0);
  await expect(answer.getByText("Another route takes it: Play other.")).toBeVisible();
  await expect(answer.getByRole("tab", { name: "Raw", selected: true })).toBeVisible();
  await expect(answer.locator("pre")).toContainText("The upstream says 429.");

  await form.getByLabel("Path").fill("no-slash");
  await expect(form.getByText("must start with /")).toBeVisible();
  await form.getByLabel("Path").fill("/play/v1/embeddings");
  await form.getByLabel("Key", { exact: true }).selectOption({ label: "No key" });
  await expect(form.getByText("routes that need one answer 401")).toBeVisible();
  await form.getByRole("button", { name: "Send" }).click();
  await expect(answer.getByText("401", { exact: true })).toBeVisible();
});

test("the same call can be taken along as code", async ({ page, gateway }) => {
  await signIn(page, gateway, "/playground");
  const { form } = await open(page);
  await form.getByLabel("Body").fill('{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "it\'s"}]}');
  const code = page.locator(".playground-code");
  const text = () => code.locator("pre").textContent();
  expect(await text()).toContain(`curl -X POST '${gateway.url}/play/v1/chat/completions'`);
  expect(await text()).toContain("-H 'Authorization: Bearer YOUR_API_KEY'");
  expect(await text()).toContain("it'\\''s");
  await code.getByRole("tab", { name: "Python" }).click();
  expect(await text()).toContain("requests.request(");
  await code.getByRole("tab", { name: "JavaScript" }).click();
  expect(await text()).toContain(`await fetch("${gateway.url}/play/v1/chat/completions"`);
});
