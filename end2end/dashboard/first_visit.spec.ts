// A new administrator's first visit: no route, no key. Three presses lead to a proxied call.

import { alone as test, expect, expectAccessible, signIn } from "./stand";

test.use({ file: "first_visit", viewport: { width: 1440, height: 900 } });

test("the playground of a fresh gateway names what has to be made first", async ({ page, gateway, upstream }) => {
  await signIn(page, gateway, "/playground");
  const answer = page.getByRole("region", { name: "Answer" });
  await expectAccessible(page);
  await answer.getByRole("link", { name: "Create route" }).click();
  await expect(page.getByRole("dialog", { name: "New route" })).toBeVisible();
  const { route_id } = await gateway.route({ route_name: "First", match_path: "/first/*", target_host: upstream.host });
  await page.goto(`${gateway.url}/admin/dashboard/playground`);
  await answer.getByRole("link", { name: "Create key" }).click();
  const form = page.getByRole("dialog", { name: "New key" });
  await form.getByLabel("Source").fill("first");
  await form.getByRole("button", { name: "Create key" }).click();
  await page.getByRole("button", { name: "I have stored the key" }).click();
  // Back on the page, what was made is chosen.
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Playground" }).click();
  await expect(answer.getByText("Nothing was sent yet.")).toBeVisible();
  const request = page.locator(".playground-form");
  await expect(request.getByLabel("Route", { exact: true })).toHaveValue(route_id);
  await expect(request.getByLabel("Key", { exact: true }).locator("option:checked")).toContainText("first");
  const [{ key_id }] = await gateway.admin("GET", "/keys");
  await gateway.admin("DELETE", `/keys/${key_id}`);
  await gateway.admin("DELETE", `/routes/${route_id}`);
});

test("statistics without any request lead on", async ({ page, gateway }) => {
  await signIn(page, gateway, "/statistics");
  await expect(page.getByText("No requests in this range.")).toBeVisible();
  await page.getByRole("button", { name: "Last 365 days" }).click();
  await expect(page).toHaveURL(/range=365d/);
  await expect(page.getByText("No requests yet.")).toBeVisible();
  await page.getByRole("link", { name: "Go to the playground" }).click();
  await expect(page.getByRole("heading", { name: "Playground", level: 1 })).toBeVisible();
});

test("who comes back to the first steps is led on to the playground, and keeps the place on the page", async ({ page, gateway, upstream }) => {
  const { route_id } = await gateway.route({ route_name: "First", match_path: "/first/*", target_host: upstream.host });
  const { key_id } = await gateway.key({ source_path: "first" });
  await signIn(page, gateway);
  const steps = page.locator(".first-run");
  await expect(steps.locator(".step-done")).toHaveCount(2);
  await expect(page.getByText("No request has gone there since the gateway started.")).toBeVisible();
  await page.mouse.wheel(0, 500);
  await expect.poll(() => page.evaluate(() => window.scrollY)).toBeGreaterThan(0);
  const scrolled = await page.evaluate(() => window.scrollY);
  // The steps are looked after every second.
  const look = () => page.waitForResponse((answer) => answer.url().includes("/admin/logs?status_code=100-399"));
  await look();
  await look();
  await expect(steps.locator(":focus")).toHaveCount(0);
  expect(await page.evaluate(() => window.scrollY)).toBe(scrolled);
  await steps.getByRole("link", { name: "Go to the playground" }).click();
  await expect(page.getByRole("heading", { name: "Playground", level: 1 })).toBeVisible();
  await gateway.admin("DELETE", `/keys/${key_id}`);
  await gateway.admin("DELETE", `/routes/${route_id}`);
});

test("a first visit leads in three presses to a proxied call", async ({ page, gateway, upstream }) => {
  // Nothing is fetched by the clock here: what a step brought shows because it brought it.
  await signIn(page, gateway, "?refresh=0");
  const card = (name: string) => page.locator(".figure").filter({ has: page.getByRole("heading", { name }) });
  await expect(card("Active routes")).toContainText("0");
  await expect(page.getByRole("heading", { name: "Three steps to the first proxied call" })).toBeVisible();
  await expectAccessible(page);

  await page.getByLabel("Address of the upstream").fill("ftp://api.example.com");
  await page.getByRole("button", { name: "Create a route" }).click();
  await expect(page.getByText("Give an address that begins with http:// or https://.")).toBeVisible();
  // A change of language keeps what was typed.
  await page.getByRole("button", { name: "简体中文" }).click();
  await expect(page.getByLabel("上游地址")).toHaveValue("ftp://api.example.com");
  await page.getByRole("button", { name: "English" }).click();
  await expect(page.getByLabel("Address of the upstream")).toHaveValue("ftp://api.example.com");
  await page.getByLabel("Address of the upstream").fill(`http://${upstream.host}/v1`);
  await page.getByRole("button", { name: "Create a route" }).click();
  await expect(card("Active routes").locator(".figure-value")).toHaveText("1");
  // Who works by keyboard goes on with the next step.
  await expect(page.getByRole("button", { name: "Create a key" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(card("Active keys").locator(".figure-value")).toHaveText("1");
  await expect(page.locator(".step:not(.step-done) :focus")).toHaveCount(1);
  await expect(page.getByText("This is the only time that the key is shown.")).toBeVisible();
  // The example has the real host and key.
  const example = page.getByRole("group", { name: "curl" });
  await expect(example).toContainText(`curl ${gateway.url}/v1/chat/completions`);
  await expect(example).toContainText("Authorization: Bearer fg_");
  await expectAccessible(page);
  // The key, which nobody can look up, as well.
  const key = await page.getByRole("group", { name: "First key" }).innerText();
  await page.getByRole("button", { name: "简体中文" }).click();
  await expect(page.getByRole("group", { name: "首个密钥" })).toHaveText(key);
  await page.getByRole("button", { name: "English" }).click();
  await expect(page.getByRole("group", { name: "First key" })).toHaveText(key);
  await page.getByRole("button", { name: "Send a test call" }).click();
  await expect(page.getByText("The upstream answered through the gateway.")).toBeVisible();
  await expect(page.getByRole("heading", { name: "You are set up" })).toBeVisible();

  await expect(card("Requests").locator(".figure-value")).toHaveText("1");
  await expect(card("Active keys")).toContainText("1 used in this range");

  const { items } = await gateway.admin("GET", "/logs?status_code=200");
  expect(items[0]).toMatchObject({ path: "/v1/chat/completions", source_path: "first-steps" });
  await page.getByRole("button", { name: "Close" }).click();
  await page.reload();
  await expect(page.getByRole("heading", { name: "Traffic by status" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Three steps" })).toHaveCount(0);
});

test("the overview follows the chosen range, and its lists lead to the log", async ({ page, gateway, upstream }) => {
  await gateway.route({ route_name: "Overview chat", match_path: "/v1/*", target_host: upstream.host });
  const { key_value } = await gateway.key({ source_path: "overview", name: "Overview key" });
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key_value}` },
    body: JSON.stringify({ model: "gpt-4o-mini", messages: [] }),
  });
  await answer.text();
  await gateway.record("source_path=overview");
  await signIn(page, gateway);
  await page.getByLabel("Range").selectOption({ label: "Last hour" });
  await expect(page).toHaveURL(/range=1h/);
  await expect(page.getByRole("slider", { name: /^Last hour: \d+ requests/ })).toBeVisible();
  const times = page.locator("section").filter({ has: page.getByRole("heading", { name: "Response times" }) });
  await times.getByText("Show as table").click();
  const newest = times.getByRole("table").getByRole("row").nth(1);
  for (const [column, word] of ["Time", "median", "p95", "p99", "TTFB"].entries()) {
    await expect(times.getByRole("columnheader").nth(column)).toHaveText(word);
  }
  await expect(newest.getByRole("cell").first()).toHaveText(/–|ms/);
  await page.getByLabel("Refresh").selectOption({ label: "No refresh" });
  await expect(page).toHaveURL(/refresh=0/);
  await expect(page.getByRole("heading", { name: "Upstreams" })).toBeVisible();
  await page.getByRole("link", { name: /Overview key/ }).click();
  await expect(page).toHaveURL(/requests\?.*key_id=/);
});
