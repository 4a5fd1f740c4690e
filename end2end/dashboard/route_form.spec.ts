// The route form has every field of a route: what was set by other ways comes through it unchanged.

import { readFileSync } from "node:fs";
import { makeCertificate } from "../support/certificate.mjs";
import { expect, signIn, test } from "./stand";

test.use({ viewport: { width: 1440, height: 900 } });

test("saving a route with every field set changes none of them", async ({ page, gateway }) => {
  const files = await makeCertificate(gateway.folder);
  const [tls_ca, tls_client_cert, tls_client_key] = [files.ca, files.certificate, files.key].map((path) =>
    readFileSync(path, "utf8").trim(),
  );
  const made = await gateway.route({
    route_name: "Everything set",
    description: "All of it",
    priority: 7,
    match_path: "/everything/{id}/*",
    match_method: "POST,PUT",
    match_headers: { "X-Team": "regex:^a" },
    match_body_schema: { model: "qwen3" },
    auth: "none",
    target_protocol: "https",
    targets: [
      { host: "a.internal:8443", weight: 3 },
      { host: "b.internal", weight: 0, protocol: "h2c" },
    ],
    target_path: "/v1/{id}?key=0123456789abcdef",
    strip_path_prefix: true,
    balance: "client_hash",
    hash_on: "header:X-User",
    remove_headers: ["X-Debug", "X-Trace"],
    add_headers: { Authorization: "Bearer sk-0123456789abcdef", "X-Who": "${client_ip}" },
    add_body_fields: { max_tokens: 5 },
    timeout: 12,
    retry_count: 4,
    retry_non_idempotent: true,
    rate_limit: 90,
    max_concurrency: 8,
    max_body_bytes: 5_000_000_000,
    ip_allow: ["10.0.0.0/8", "2001:db8::/32"],
    cors: {
      allow_origins: ["https://app.example.com"],
      allow_methods: ["GET", "POST"],
      allow_headers: ["X-Team"],
      expose_headers: ["X-Request-Id"],
      allow_credentials: true,
      max_age_seconds: 600,
    },
    circuit_breaker: { failures: 9, window_seconds: 8, open_seconds: 7 },
    health_check: {
      path: "/health?deep=1",
      interval_seconds: 30,
      timeout_seconds: 3,
      healthy_after: 4,
      unhealthy_after: 6,
      expect_status: "2xx",
      expect_body: "ready ",
    },
    tls_server_name: "api.internal",
    tls_ca,
    tls_client_cert,
    tls_client_key,
    tls_skip_verify: true,
  });
  // Whatever the API has, is set here: a field that is new must come into the form as well.
  const unset = Object.entries(made).filter(([, value]) => value === null || (Array.isArray(value) && value.length === 0));
  expect(unset.map(([name]) => name)).toEqual([]);

  await signIn(page, gateway, "/routes");
  const row = page.getByRole("row").filter({ hasText: "Everything set" });
  await row.getByRole("link").click();
  const form = page.getByRole("dialog", { name: "Edit route" });
  await form.getByLabel("Description").fill("All of it, saved");
  await form.getByRole("button", { name: "Save" }).click();
  await expect(form).toBeHidden();
  const saved = await gateway.admin("GET", `/routes/${made.route_id}`);
  expect(saved).toEqual({ ...made, description: "All of it, saved", updated_at: saved.updated_at });
});

test("what is hidden again does not hold the form up", async ({ page, gateway }) => {
  await signIn(page, gateway, "/routes?new=1");
  const form = page.getByRole("dialog", { name: "New route" });
  await form.getByLabel("Route name").fill("One again");
  await form.getByLabel("Path pattern").fill("/one-again");
  const kinds = form.getByRole("radiogroup", { name: "Upstreams" }).getByRole("radio");
  await kinds.last().check();
  await form.getByLabel("Which target gets a request").selectOption("client_hash");
  await form.getByLabel("Clients are told apart by").fill("nobody");
  await kinds.first().check();
  await form.getByLabel("Host").fill("127.0.0.1:9");
  await form.getByRole("button", { name: "Create route" }).click();
  await expect(form).toBeHidden();
  await expect(page.getByRole("row").filter({ hasText: "One again" })).toBeVisible();
});
