// What the pages show in the pictures: routes, keys and requests such as a small team has.

import { ADMIN_TOKEN } from "../support/gateway.mjs";

const MODELS = ["gpt-4o-mini", "gpt-4o-mini", "gpt-4o-mini", "qwen3-32b", "qwen3-32b", "text-embedding-3-small"];

/** Creates routes and keys and sends requests of every kind; returns the value of one key. */
export async function populate(gateway, upstreams) {
  const [first, second] = upstreams.map((upstream) => upstream.host);
  const chat = { match_path: "/v1/chat/*", match_method: "POST" };
  await gateway.route({
    ...chat,
    route_name: "Qwen, in the house",
    description: "Two machines in the cellar",
    priority: 10,
    match_body_schema: { model: "qwen3-32b" },
    targets: [
      { host: first, weight: 2 },
      { host: second, weight: 1 },
    ],
    target_path: "/v1/chat/completions",
    health_check: { path: "/v1/models", interval_seconds: 5 },
  });
  await gateway.route({
    ...chat,
    route_name: "OpenAI chat",
    priority: 50,
    target_host: first,
    target_path: "",
    add_headers: { Authorization: "Bearer sk-proj-0123456789abcdef0123456789abcdef4f2a" },
    timeout: 60,
  });
  await gateway.route({ route_name: "OpenAI, everything else", match_path: "/v1/**", target_host: first, target_path: "" });
  await gateway.route({ route_name: "Legacy reports", match_path: "/reports/{id}", target_host: "127.0.0.1:9", target_path: "", retry_count: 0 });
  await gateway.route({ route_name: "Old search", match_path: "/search", target_host: second, is_active: false });

  const keys = [];
  for (const [name, source_path, more] of [
    ["Web shop", "shop/checkout", { rate_limit: 600, permissions: ["chat", "embeddings"] }],
    ["Support bot", "support/bot", { rate_limit: 120, permissions: ["chat", "model:gpt-4o*"] }],
    ["Nightly evaluation", "research/eval", {}],
    ["Intern, summer", "research/intern", { expires_at: "2026-09-30T00:00:00" }],
  ]) {
    keys.push(await gateway.key({ name, source_path, ...more }));
  }
  await gateway.admin("PUT", `/keys/${keys[0].key_id}`, { rate_limit: 900 });
  await send(gateway, keys.map((key) => key.key_value));
  return keys[0].key_value;
}

async function send(gateway, keys) {
  const call = async (n, path, { key = keys[n % 3], method = "POST", body } = {}) => {
    const answer = await fetch(`${gateway.url}${path}`, {
      method,
      headers: { ...(key && { authorization: `Bearer ${key}` }), "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    await answer.text();
  };
  const chat = (n, model, more) => {
    const messages = [{ role: "user", content: "What does an API gateway do?" }];
    const metadata = { chunks: String(8 + (n % 20)), gap_ms: "4", delay_ms: String((n * 7) % 60) };
    return call(n, "/v1/chat/completions", { body: { model, messages, metadata, ...more } });
  };
  for (let n = 0; n < 120; n += 1) {
    const model = MODELS[n % MODELS.length];
    if (model.startsWith("text-")) await call(n, "/v1/embeddings", { body: { model, input: "gateway" } });
    else await chat(n, model, n % 3 === 0 ? { stream: true, stream_options: { include_usage: true } } : {});
    if (n % 20 === 7) await chat(n, "error-429");
    if (n % 30 === 11) await chat(n, "error-500");
    if (n % 24 === 5) await call(n, "/v1/models", { method: "GET" });
  }
  await call(0, "/reports/2026-10", { method: "GET" });
  await call(0, "/v2/unknown", { method: "GET" });
  await call(0, "/v1/models", { method: "GET", key: keys[3] });
  await call(0, "/v1/models", { method: "GET", key: null });
  await gateway.record("status_code=401");
}

/** A session as the sign-in page makes it: the cookies of a browser. */
export async function signIn(page, gateway) {
  await page.goto(`${gateway.url}/admin/dashboard`);
  await page.locator("input[type=password]").fill(ADMIN_TOKEN);
  await page.locator("button[type=submit]").click();
  await page.locator("nav").first().waitFor();
}
