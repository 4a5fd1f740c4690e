// The list of routes and its form: order, figures, JSON, warnings.

import type { Page } from "@playwright/test";
import { alone as test, expect, expectAccessible, signIn } from "./stand";

test.use({ file: "routes", viewport: { width: 1440, height: 900 } });

test.beforeAll(async ({ gateway, upstream }) => {
  for (const [route_name, priority] of [["First", 10], ["Second", 20], ["Third", 20]]) {
    await gateway.route({ route_name, priority, match_path: `/order/${route_name}/*`, target_host: upstream.host, target_path: "" });
  }
});

const names = (page: Page) => page.locator("tbody tr .cell-title").allTextContents();

test("routes are moved by their buttons, and what changed is said", async ({ page, gateway }) => {
  await signIn(page, gateway, "/routes");
  await expect.poll(() => names(page)).toEqual(["First", "Second", "Third"]);
  await expect(page.getByRole("button", { name: "Move First up" })).toHaveAttribute("aria-disabled", "true");
  await page.getByRole("button", { name: "Move Second up" }).click();
  await expect(page.getByText("Second is now tried before First. Second: priority 20 → ")).toBeVisible();
  await expect.poll(() => names(page)).toEqual(["Second", "First", "Third"]);
  // The focus stays with the button, to go on.
  await expect(page.getByRole("button", { name: "Move Second up" })).toBeFocused();
  await page.getByRole("button", { name: "Move Second down" }).press("Enter");
  await expect(page.getByText("Second is now tried after First.")).toBeVisible();
  await expect.poll(() => names(page)).toEqual(["First", "Second", "Third"]);
  await expect(page.getByRole("button", { name: "Move Second down" })).toBeFocused();
  const stored = await gateway.admin("GET", "/routes");
  expect(stored.map((route: { route_name: string }) => route.route_name)).toEqual(["First", "Second", "Third"]);

  // Somebody else moves the same route meanwhile.
  const second = stored[1].route_id;
  await gateway.admin("PUT", `/routes/${second}`, { priority: 900 });
  await page.getByRole("button", { name: "Move Second up" }).click();
  await expect(page.getByText("Second was not moved")).toBeVisible();
  await expect.poll(() => names(page)).toEqual(["First", "Third", "Second"]);
  expect((await gateway.admin("GET", `/routes/${second}`)).priority).toBe(900);
  await gateway.admin("PUT", `/routes/${second}`, { priority: 20 });
  // In a filtered list neighbours are none.
  await page.getByLabel("Search routes").fill("Second");
  await expect(page.getByRole("button", { name: "Move Second up" })).toHaveCount(0);
});

test("a route shows its hits, errors and p95, each leading to its requests", async ({ page, gateway }) => {
  const { key_value } = await gateway.key({ source_path: "figures" });
  for (const model of ["gpt-4o-mini", "gpt-4o-mini", "error-500", "gpt-4o-mini"]) {
    const answer = await fetch(`${gateway.url}/order/First/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key_value}` },
      body: JSON.stringify({ model, messages: [] }),
    });
    await answer.text();
  }
  await expect
    .poll(async () => (await gateway.admin("GET", "/metrics/grouped?by=route")).groups[0]?.figures.total_requests)
    .toBe(4);
  await signIn(page, gateway, "/routes");
  const row = page.getByRole("row").filter({ hasText: "/order/First/*" });
  await expect(row.getByRole("link", { name: "Hits, 24 h of First: 4" })).toBeVisible();
  await expect(row.getByRole("link", { name: /p95 of First: / })).toBeVisible();
  // Named so that nobody takes a refusal of the gateway's own for a broken upstream.
  const failed = row.getByRole("link", { name: /4xx, 5xx of First: 25.0 %/ });
  await expect(failed).toHaveAttribute("title", /the gateway's own refusals/);
  await failed.click();
  await expect(page.getByRole("heading", { level: 1, name: "Requests" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Remove filter Errors" })).toBeVisible();
  await expect(page.locator("tbody tr")).toHaveCount(1);
});

test("the form and its JSON are the same object", async ({ page, gateway }) => {
  await signIn(page, gateway, "/routes?new=1");
  const form = page.getByRole("dialog", { name: "New route" });
  await form.getByLabel("Route name").fill("By JSON");
  await form.getByLabel("Path pattern").fill("/json/*");
  await form.getByRole("radio", { name: "JSON" }).click({ force: true });
  const text = form.getByLabel("Route as JSON");
  await expect(text).toHaveValue(/"match_path": "\/json\/\*"/);
  await expectAccessible(page);

  await text.fill('{"route_name": "By JSON",');
  await expect(form.getByText("is not valid JSON")).toBeVisible();
  await form.getByRole("radio", { name: "Form" }).click({ force: true });
  await expect(text).toBeVisible();
  await expect(form.getByRole("radio", { name: "JSON" })).toBeChecked();
  await text.fill('{"route_name": "By JSON", "match_path": "/json/*", "host": "x"}');
  await expect(form.getByText("has the unknown field host")).toBeVisible();
  await text.fill('{"route_name": "By JSON", "match_path": "no slash", "target_host": "up.test", "priority": 7}');
  await expect(form.locator(".json-errors")).toContainText("match_path");
  await form.getByRole("button", { name: "Create route" }).click();
  await expect(form).toBeVisible();

  await text.fill('{"route_name": "By JSON", "match_path": "/json/*", "target_host": "up.test", "priority": 7, "add_headers": {"X-A": "1"}}');
  await form.getByRole("radio", { name: "Form" }).click({ force: true });
  await expect(form.getByLabel("Priority")).toHaveValue("7");
  await expect(form.getByRole("textbox", { name: "Host", exact: true })).toHaveValue("up.test");
  await form.getByLabel("Priority").fill("8");
  await form.getByRole("radio", { name: "JSON" }).click({ force: true });
  await expect(text).toHaveValue(/"priority": 8/);
  await form.getByRole("button", { name: "Create route" }).click();
  await expect(form).toBeHidden();
  const made = (await gateway.admin("GET", "/routes")).find((route: { route_name: string }) => route.route_name === "By JSON");
  expect(made).toMatchObject({ priority: 8, target_host: "up.test", add_headers: { "X-A": "1" }, target_protocol: "http" });
});

test("a URL in the place of the host is taken apart", async ({ page, gateway }) => {
  await signIn(page, gateway, "/routes?new=1");
  const form = page.getByRole("dialog", { name: "New route" });
  const host = form.getByRole("textbox", { name: "Host", exact: true });
  const path = form.getByLabel("Path at the upstream");
  await host.fill("http://up.test:8080/v1/");
  await expect(host).toHaveValue("up.test:8080");
  await expect(host).not.toHaveAttribute("aria-invalid");
  await expect(form.getByLabel("Protocol")).toHaveValue("http");
  await expect(form.getByLabel("Path at the upstream")).toHaveValue("/v1");
  await expect(form.getByLabel("Append the rest of the client's path")).toBeChecked();
  // What a URL left is replaced by the next.
  await host.fill("https://other.test/v2");
  await expect(host).toHaveValue("other.test");
  await expect(form.getByLabel("Protocol")).toHaveValue("https");
  await expect(path).toHaveValue("/v2");
});

test("a URL in the place of the host loses nothing", async ({ page, gateway }) => {
  await signIn(page, gateway, "/routes?new=1");
  const form = page.getByRole("dialog", { name: "New route" });
  const host = form.getByRole("textbox", { name: "Host", exact: true });
  const path = form.getByLabel("Path at the upstream");
  await path.fill("/typed");
  await host.fill("http://up.test/v1");
  await expect(host).toHaveAccessibleDescription(/has the path \/v1, but Path at the upstream differs/);
  await expect(host).toHaveAttribute("aria-invalid", "true");
  await expect(host).toHaveValue("http://up.test/v1");
  await expect(path).toHaveValue("/typed");
  // Once there is one path alone, there is nothing to lose.
  await path.fill("");
  await expect(path).toHaveValue("/v1");
  await expect(host).toHaveValue("up.test");
  await expect(form.getByLabel("Protocol")).toHaveValue("http");
  await expect(host).not.toHaveAttribute("aria-invalid");
  for (const rest of ["?x=1", "#top"]) {
    await host.fill(`https://up.test/v1${rest}`);
    await expect(host).toHaveAccessibleDescription(new RegExp(`has \\${rest}, which is no part of an upstream's address`));
    await expect(host).toHaveValue(`https://up.test/v1${rest}`);
  }
  await host.fill("ftp://up.test");
  await expect(host).toHaveAccessibleDescription(/Give an address that begins with http/);
  await host.fill("");
  await form.getByRole("button", { name: "Create route" }).click();
  await expect(host).toHaveAccessibleDescription(/is required/);
});

test("a URL in a row of several upstreams is taken apart, and stays whole where it differs from the others", async ({ page, gateway }) => {
  await signIn(page, gateway, "/routes?new=1");
  const form = page.getByRole("dialog", { name: "New route" });
  await form.getByLabel("Route name").fill("Several by URL");
  await form.getByLabel("Path pattern").fill("/several-by-url/*");
  await form.getByRole("radiogroup", { name: "Upstreams" }).getByRole("radio").last().check();
  const [first, second] = [form.getByLabel("Host 1"), form.getByLabel("Host 2")];
  await first.fill("http://a.test:8080/v1/");
  await expect(first).toHaveValue("a.test:8080");
  await expect(form.getByLabel("Protocol")).toHaveValue("http");
  await expect(form.getByLabel("Path at the upstream")).toHaveValue("/v1");
  await expect(form.getByLabel("Append the rest of the client's path")).toBeChecked();
  await second.fill("http://b.test/v1");
  await expect(second).toHaveValue("b.test");
  // All share one path.
  await second.fill("https://b.test/v2");
  await expect(second).toHaveValue("https://b.test/v2");
  await expect(second).toHaveAttribute("aria-invalid", "true");
  await expect(second).toHaveAccessibleDescription(/Host 2: has the path \/v2, but Path at the upstream differs/);
  await expect(first).not.toHaveAttribute("aria-invalid");
  await form.getByLabel("Weight 1").fill("much");
  await expect(form.getByLabel("Weight 1")).toHaveAttribute("aria-invalid", "true");
  await expect(first).toHaveAccessibleDescription(/Weight 1: must be a whole number/);
  await expect(first).not.toHaveAttribute("aria-invalid");
  await form.getByLabel("Weight 1").fill("1");
  // The path that all share may stand in a URL of another protocol.
  await second.fill("https://b.test/v1");
  await expect(second).not.toHaveAttribute("aria-invalid");
  await second.blur();
  await expect(second).toHaveValue("https://b.test");
  // Another protocol is its own.
  await second.fill("https://b.test");
  await expect(second).not.toHaveAttribute("aria-invalid");
  await form.getByRole("button", { name: "Create route" }).click();
  await expect(form).toBeHidden();
  const made = (await gateway.admin("GET", "/routes")).find((route: { route_name: string }) => route.route_name === "Several by URL");
  expect(made).toMatchObject({ target_protocol: "http", target_path: "/v1", targets: [{ host: "a.test:8080" }, { host: "b.test", protocol: "https" }] });
  await page.getByRole("button", { name: "Edit route Several by URL" }).click();
  await expect(page.getByRole("dialog", { name: "Edit route" }).getByLabel("Host 2")).toHaveValue("https://b.test");
  await gateway.admin("DELETE", `/routes/${made.route_id}`);
});

test("a duplicate takes the credential over that nobody can read, and begins switched off", async ({ page, gateway, upstream }) => {
  const { route_id } = await gateway.route({
    route_name: "With a secret",
    match_path: "/secret/*",
    target_host: upstream.host,
    add_headers: { Authorization: "Bearer sk-0123456789abcdef" },
  });
  await signIn(page, gateway, "/routes?q=secret");
  await page.getByRole("button", { name: "Duplicate route With a secret" }).click();
  const form = page.getByRole("dialog");
  await form.getByRole("button", { name: "Create route" }).click();
  await expect(form).toHaveCount(0);
  await expect(page.getByText("With a secret (copy)").first()).toBeVisible();
  const copy = (await gateway.admin("GET", "/routes")).find((route: { route_name: string }) => route.route_name === "With a secret (copy)");
  expect(copy).toMatchObject({ is_active: false, add_headers: { Authorization: "Bearer sk-…cdef" } });
  for (const id of [route_id, copy.route_id]) await gateway.admin("DELETE", `/routes/${id}`);
});

test("a route that can never win is warned of while it is typed", async ({ page, gateway, upstream }) => {
  await gateway.route({ route_name: "Takes all", priority: 5, match_path: "/taken/**", target_host: upstream.host });
  await signIn(page, gateway, "/routes?new=1");
  const form = page.getByRole("dialog", { name: "New route" });
  const warning = form.getByText("This route can never win: Takes all comes first");
  await form.getByLabel("Path pattern").fill("/taken/chat");
  await expect(warning).toBeVisible();
  await form.getByLabel("Priority").fill("4");
  await expect(warning).toBeHidden();
  await form.getByLabel("Priority").fill("100");
  await expect(warning).toBeVisible();
  await form.getByLabel("Path pattern").fill("/takenot/chat");
  await expect(warning).toBeHidden();
});
