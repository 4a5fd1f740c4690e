// The way of a new administrator: sign in, create a route and a key, call through the proxy, and see it live.

import { expect, signIn, test } from "./stand";

// Wide enough for every column of the requests.
test.use({ viewport: { width: 1440, height: 900 } });

test("a wrong token is refused in one neutral sentence", async ({ page, gateway }) => {
  await page.goto(`${gateway.url}/admin/dashboard`);
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
  await page.getByLabel("Admin token").fill("not-the-token-0123456789");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toHaveText("This token was not accepted.");
  await expect(page.getByRole("navigation")).toHaveCount(0);
});

test("signing in leads to the page that was asked for, signing out to the sign-in", async ({ page, gateway }) => {
  await signIn(page, gateway, "/routes");
  await expect(page.getByRole("heading", { level: 1, name: "Routes" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { level: 1, name: "Routes" })).toBeVisible();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
});

test("from sign-in to the first call, seen live", async ({ page, gateway, upstream }) => {
  await signIn(page, gateway);
  const navigation = page.getByRole("navigation", { name: "Main" });

  await navigation.getByRole("link", { name: "Routes" }).click();
  await page.getByRole("button", { name: "New route" }).first().click();
  const form = page.getByRole("dialog", { name: "New route" });
  await form.getByLabel("Route name").fill("OpenAI chat");
  await form.getByLabel("Path pattern").fill("/v1/chat/*");
  await form.getByLabel("Protocol").selectOption("http");
  await form.getByRole("textbox", { name: "Host", exact: true }).fill(upstream.host);
  await form.getByLabel("Path at the upstream").fill("/v1/chat/completions");
  await form.getByRole("button", { name: "Create route" }).click();
  await expect(form).toBeHidden();
  const routes = page.getByRole("table");
  await expect(routes.getByRole("row").filter({ hasText: "OpenAI chat" })).toContainText("/v1/chat/*");

  await navigation.getByRole("link", { name: "Keys" }).click();
  await page.getByRole("button", { name: "New key" }).first().click();
  const keyForm = page.getByRole("dialog", { name: "New key" });
  await keyForm.getByLabel("Source").fill("smoke-test");
  await keyForm.getByRole("button", { name: "Create key" }).click();
  const shown = page.getByRole("dialog", { name: "Key created" });
  await expect(shown).toContainText("This is the only time that the key is shown");
  const key = (await shown.getByLabel("API key", { exact: true }).first().textContent()) ?? "";
  expect(key).toMatch(/^fg_/);
  // It must be acknowledged: Escape does not close it.
  await page.keyboard.press("Escape");
  await expect(shown).toBeVisible();
  await shown.getByRole("button", { name: "I have stored the key" }).click();
  await expect(shown).toBeHidden();
  await expect(page.getByRole("row").filter({ hasText: "smoke-test" })).toBeVisible();
  await expect(page.locator("body")).not.toContainText(key);

  await navigation.getByRole("link", { name: "Requests" }).click();
  // The radio itself is drawn by its label.
  await page.getByRole("radio", { name: "Live" }).check({ force: true });
  await expect(page.getByRole("status").filter({ hasText: "Live" })).toBeVisible();

  const call = fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({
      model: "gpt-4o-mini",
      messages: [{ role: "user", content: "Hi" }],
      stream: true,
      stream_options: { include_usage: true },
      metadata: { chunks: "20", gap_ms: "150" },
    }),
  });
  const row = page.getByRole("row").filter({ hasText: "/v1/chat/completions" });
  // The request is there before it has ended.
  await expect(row).toBeVisible();
  await expect(row).toContainText("OpenAI chat");
  const answer = await call;
  expect(answer.status).toBe(200);
  const seenBeforeTheEnd = await row.count();
  expect(await answer.text()).toContain("data: [DONE]");
  expect(seenBeforeTheEnd).toBe(1);
  await expect(row).toContainText("200");
  await expect(row).toContainText("gpt-4o-mini");
  await expect(row).toContainText("smoke-test");
  // 7 of the prompt and 20 of the answer.
  await expect(row.getByRole("cell", { name: "27", exact: true })).toBeVisible();

  await row.getByRole("link").click();
  const record = page.getByRole("dialog");
  await expect(record).toContainText("OpenAI chat");
  await expect(record).toContainText(`${upstream.host}/v1/chat/completions`);
});
