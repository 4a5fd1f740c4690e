// One record in its drawer: what became of a request whose first route failed, what a body that was not kept said, and the way from
// one record to the next.

import { alone as test, expect, expectAccessible, signIn } from "./stand";
import { freePort } from "../support/gateway.mjs";

test.use({ file: "records", viewport: { width: 1440, height: 900 } });

let authorization = "";

test.beforeAll(async ({ gateway, upstream }) => {
  const route = { match_path: "/failover/*", target_path: "/v1/chat/completions" };
  // Nobody listens there.
  await gateway.route({ ...route, route_name: "Primary", priority: 1, target_host: `127.0.0.1:${await freePort()}` });
  await gateway.route({ ...route, route_name: "Backup", priority: 2, target_host: upstream.host });
  const models = { match_path: "/models/*", target_host: upstream.host, target_path: "/v1/chat/completions" };
  await gateway.route({ ...models, route_name: "One model", priority: 1, match_body_schema: { model: "gpt-4o-mini" } });
  await gateway.route({ ...models, route_name: "All others", priority: 2 });
  const { key_value } = await gateway.key({ name: "Reader", source_path: "records" });
  authorization = `Bearer ${key_value}`;
});

const post = (url: string, body: object) =>
  fetch(url, { method: "POST", headers: { authorization, "content-type": "application/json" }, body: JSON.stringify(body) });

test("a record names the route that matched first and failed, and the one that stood in", async ({ page, gateway }) => {
  const answer = await post(`${gateway.url}/failover/chat`, { model: "gpt-4o-mini", messages: [] });
  expect(answer.status).toBe(200);
  const { id } = await gateway.record("path=failover");
  await signIn(page, gateway, `/requests?open=${id}`);
  const drawer = page.getByRole("dialog", { name: "Request" });
  const attempts = drawer.getByRole("listitem").filter({ hasText: "Attempt" });
  await expect(attempts.first()).toContainText("route Primary");
  // In words, with the code that people search for.
  await expect(attempts.first()).toContainText("no connection");
  await expect(attempts.first().getByText("connect_failed", { exact: true })).toBeVisible();
  await expect(attempts.last()).not.toContainText("route");
  await drawer.getByRole("tab", { name: "Why this route" }).click();
  await expect(drawer.getByText("priority 2; stands in for Primary, which matched first")).toBeVisible();
  await expectAccessible(page);
});

test("what a body that was not kept said is concluded from the route that took the request", async ({ page, gateway }) => {
  const answer = await post(`${gateway.url}/models/chat`, { model: "another", messages: [] });
  expect(answer.status).toBe(200);
  const { id } = await gateway.record("path=models");
  await signIn(page, gateway, `/requests?open=${id}`);
  const drawer = page.getByRole("dialog", { name: "Request" });
  await drawer.getByRole("tab", { name: "Why this route" }).click();
  const line = (name: string) => drawer.getByRole("listitem").filter({ hasText: name });
  await expect(line("One model")).toContainText("the body did not match: a later route took the request");
  await expect(line("All others")).toContainText("Wins");
  await expect(drawer.getByRole("heading", { name: "What it makes of the request" })).toBeVisible();
  await expectAccessible(page);
});

test("a record leads to the requests of its route and to the route, also when that is deleted", async ({ page, gateway, upstream }) => {
  const { route_id } = await gateway.route({ route_name: "Passing", match_path: "/passing", target_host: upstream.host });
  expect((await post(`${gateway.url}/passing`, { messages: [] })).status).toBeLessThan(500);
  const { id } = await gateway.record("path=/passing");
  await signIn(page, gateway, `/requests?open=${id}`);
  const drawer = page.getByRole("dialog", { name: "Request" });
  await expect(drawer.getByRole("link", { name: "Its requests" }).first()).toHaveAttribute("href", new RegExp(`/requests\\?route_id=${route_id}$`));
  await drawer.getByRole("link", { name: "Passing" }).click();
  await expect(page.getByRole("dialog", { name: "Edit route" }).getByLabel("Route name")).toHaveValue("Passing");

  await gateway.admin("DELETE", `/routes/${route_id}`);
  await page.goto(`${gateway.url}/admin/dashboard/requests?open=${id}`);
  await drawer.getByRole("link", { name: "This route was deleted" }).click();
  await expect(page.getByRole("row").filter({ hasText: "Passing" }).first()).toContainText("Deleted");
});

test("a refused record tells what its key lacks, and leads to the key, also when that is deleted", async ({ page, gateway }) => {
  const { key_id, key_value, key_preview } = await gateway.key({ name: "Embedder", source_path: "records", permissions: ["embeddings"] });
  const headers = { authorization: `Bearer ${key_value}`, "content-type": "application/json" };
  const answer = await fetch(`${gateway.url}/failover/refused`, { method: "POST", headers, body: "{}" });
  expect(answer.status).toBe(403);
  expect(await answer.text()).not.toContain("Primary");
  const { id } = await gateway.record("path=failover/refused");
  await signIn(page, gateway, `/requests?open=${id}`);
  const drawer = page.getByRole("dialog", { name: "Request" });
  await expect(drawer).toContainText("lacks a permission: chat, route:Primary or a path: that takes this request");
  await expect(drawer.getByText(key_preview)).toBeVisible();
  await expect(drawer.getByRole("link", { name: "Its requests" }).last()).toHaveAttribute("href", new RegExp(`/requests\\?key_id=${key_id}$`));
  await expectAccessible(page);
  await drawer.getByRole("link", { name: "Embedder" }).click();
  await expect(page.getByRole("dialog", { name: "Edit key" }).getByLabel("Name")).toHaveValue("Embedder");

  await gateway.admin("DELETE", `/keys/${key_id}`);
  await page.goto(`${gateway.url}/admin/dashboard/requests?open=${id}`);
  await expect(drawer.getByRole("link", { name: "Embedder" })).toHaveCount(0);
  const gone = drawer.getByRole("link", { name: "This key was deleted" });
  await expect(gone).toBeVisible();
  await expectAccessible(page);
  await gone.click();
  await expect(page.getByRole("row").filter({ hasText: "Embedder" }).first()).toContainText("Deleted");
});

test("a record that came up against a limit says whose", async ({ page, gateway, upstream }) => {
  const { key_value, key_preview } = await gateway.key({ name: "Hasty", source_path: "hasty", rate_limit: 1 });
  await gateway.route({ route_name: "Narrow", match_path: "/narrow/*", target_host: upstream.host, rate_limit: 1, auth: "none" });
  const headers = { authorization: `Bearer ${key_value}` };
  await signIn(page, gateway);
  for (const [path, credentials, whose] of [
    ["/failover/hasty", headers, `The API key hasty (${key_preview}) has used up its limit of 1 requests per minute.`],
    ["/narrow/x", {}, "The route Narrow has used up its limit of 1 requests per minute."],
  ] as const) {
    await (await fetch(gateway.url + path, { headers: credentials })).text();
    const refused = await fetch(gateway.url + path, { headers: credentials });
    expect(refused.status).toBe(429);
    expect(await refused.text()).not.toContain("Narrow");
    const { id } = await gateway.record(`path=${path}&status_code=429`);
    await page.goto(`${gateway.url}/admin/dashboard/requests?open=${id}`);
    await expect(page.getByRole("dialog", { name: "Request" }).locator(".banner-bad")).toContainText(whose);
  }
});

test("a body that was not kept leads to the setting that says so", async ({ page, gateway }) => {
  const answer = await post(`${gateway.url}/models/not-kept`, { model: "another", messages: [] });
  expect(answer.status).toBe(200);
  const { id } = await gateway.record("path=models/not-kept");
  await signIn(page, gateway, `/requests?open=${id}`);
  const drawer = page.getByRole("dialog", { name: "Request" });
  await drawer.getByRole("tab", { name: "Request" }).click();
  await expect(drawer).toContainText("Not captured: it is no text, or the setting audit.capture keeps no bodies of such requests.");
  await expectAccessible(page);
  await drawer.getByRole("link", { name: "Show the setting" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Settings" })).toBeAttached();
  await expect(page.getByRole("row").filter({ hasText: "audit.capture" })).toBeInViewport();
});

test.describe("in a window as low as at 400 % zoom", () => {
  test.use({ viewport: { width: 320, height: 256 } });

  test("the foot of a record goes with its content", async ({ page, gateway }) => {
    await (await fetch(`${gateway.url}/low`)).text();
    const { id } = await gateway.record("path=/low");
    await signIn(page, gateway, `/requests?open=${id}`);
    const drawer = page.getByRole("dialog", { name: "Request" });
    const foot = drawer.locator(".dialog-foot");
    await expect(drawer.locator(".record-path")).toHaveText("/low");
    await expect(drawer.locator(".record-head")).toBeInViewport();
    await expect(foot).not.toBeInViewport();
    await expectAccessible(page);
    await drawer.getByRole("button", { name: "Replay", exact: true }).focus();
    await expect(foot).toBeInViewport();
  });

  test("the bar above the page leaves room for it, and scrolls away", async ({ page, gateway }) => {
    await signIn(page, gateway, "/requests");
    const bar = page.locator(".sidebar");
    await page.evaluate(() => scrollTo(0, 0));
    await expect(bar).toBeInViewport();
    expect((await bar.boundingBox())?.height).toBeLessThanOrEqual(90);
    await expect(page.getByRole("heading", { level: 1, name: "Requests" })).toBeInViewport();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    await expectAccessible(page);
    await page.evaluate(() => scrollTo(0, 300));
    await expect(bar).not.toBeInViewport();
  });
});

test("the next record after the last row is loaded", async ({ page, gateway }) => {
  for (let n = 0; n < 55; n += 1) await (await fetch(`${gateway.url}/row/${n}`)).text();
  await gateway.record("path=/row/54");
  await signIn(page, gateway, "/requests?path=/row/");
  const rows = page.getByRole("row");
  await expect(rows).toHaveCount(51);
  const beside = page.context().waitForEvent("page");
  await rows.last().getByRole("link").click({ modifiers: ["ControlOrMeta"] });
  const tab = await beside;
  expect(new URL(tab.url()).search, "a tab of its own shows the same list").toMatch(/^\?path=%2Frow%2F&open=/);
  await tab.close();
  await rows.last().getByRole("link").click();
  const drawer = page.getByRole("dialog", { name: "Request" });
  await expect(drawer.locator(".record-path")).toHaveText("/row/5");
  await page.keyboard.press("j");
  await expect(drawer.locator(".record-path")).toHaveText("/row/4");
  const next = drawer.getByRole("button", { name: "Next request" });
  for (let n = 3; n >= 0; n -= 1) {
    await next.click();
    await expect(drawer.locator(".record-path")).toHaveText(`/row/${n}`);
  }
  await expect(next).toHaveAttribute("aria-disabled", "true");
});

test.describe("a record that is gone", () => {
  test.use({ forgiven: / 404 / });

  test("is said to be gone, with the way back", async ({ page, gateway }) => {
    await signIn(page, gateway, "/requests?open=1");
    const drawer = page.getByRole("dialog", { name: "Request" });
    await expect(drawer.getByText("There is no such request any more.")).toBeVisible();
    await expect(drawer.getByRole("button", { name: "Retry" })).toHaveCount(0);
    await expectAccessible(page);
    await drawer.getByRole("button", { name: "Back to the list" }).click();
    await expect(drawer).toBeHidden();
  });
});

test("a request in flight tells how long it has taken so far, and that it goes on", async ({ page, gateway }) => {
  const stopped = new AbortController();
  const headers = { authorization, "content-type": "application/json" };
  const body = JSON.stringify({ model: "slow", messages: [], stream: true, metadata: { chunks: "500", gap_ms: "100" } });
  const stream = await fetch(`${gateway.url}/models/slow`, { method: "POST", headers, body, signal: stopped.signal });
  await signIn(page, gateway, "/requests?live=1");
  const row = page.getByRole("row").filter({ hasText: "/models/slow" });
  await expect(row).toContainText("200, in flight");
  await expect(row.locator('[data-label="Duration"]')).toHaveText("3 s");
  const size = await row.locator('[data-label="Size"]').textContent();
  await expect(row.locator('[data-label="Size"]')).not.toHaveText(size ?? "");
  await expect(row.locator('[data-label="Duration"]')).toHaveText("5 s");
  // What came in is counted at the end: nothing is told of it rather than nought.
  await row.getByRole("link").click();
  const drawer = page.getByRole("dialog", { name: "Request" });
  await expect(drawer.getByText(/^[\d.]+ (B|KiB) out so far$/)).toBeVisible();
  await drawer.getByRole("tab", { name: "Request" }).click();
  await expect(drawer).toContainText("What is kept of it shows when the request has ended.");
  await page.keyboard.press("Escape");
  stopped.abort();
  await stream.text().catch(() => "");
  await expect(row).not.toContainText("in flight");
});

test("a request is found by its id", async ({ page, gateway }) => {
  const answer = await fetch(`${gateway.url}/by-its-id`);
  await answer.text();
  await gateway.record("path=/by-its-id");
  await signIn(page, gateway);
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").fill(answer.headers.get("x-request-id") ?? "");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog", { name: "Request" }).locator(".record-path")).toHaveText("/by-its-id");
});
