// Use case 4: one model has an upstream of its own, every other model goes to the fallback.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { JSON_TYPE, WAYS, adminCurl, clientCall, curl, curlLines, post } from "../support/curl.mjs";
import { stage } from "../support/stage.mjs";

const QWEN = "mckj/Qwen3-30B-A3B";
let key;

async function prepare({ gateway, upstreams }) {
  const admin = adminCurl(gateway, WAYS[1]);
  const qwen = {
    route_name: "V2 Qwen",
    match_path: "/v2*",
    match_method: "POST",
    match_body_schema: { model: QWEN },
    target_host: upstreams.A.host,
    target_path: "/v1/chat/completions",
    target_protocol: "http",
    add_headers: { Authorization: "Bearer sk-qwen-0123456789", "X-Proxy-Source": "M-FastGate-v0.2.0" },
    priority: 40,
    is_active: true,
  };
  const fallback = {
    route_name: "V2 Fallback",
    match_path: "/v2*",
    match_method: "POST",
    target_host: upstreams.B.host,
    target_path: "/v1/chat/completions",
    target_protocol: "http",
    priority: 80,
    is_active: true,
  };
  for (const route of [fallback, qwen]) {
    const answer = await admin("/routes", ...post(route));
    assert.equal(answer.status, 201, answer.body);
  }
  key = (await gateway.key()).key_value;
}

const here = stage({ upstreams: ["A", "B"], prepare });

const call = (model, stream, type) =>
  clientCall(here.gateway, key, "/v2/chat/completions", { model, messages: [{ role: "user", content: "Hi" }], stream }, ...type);

for (const type of [[], JSON_TYPE]) {
  describe(`routing by model, ${type.length ? "with" : "without"} Content-Type: application/json`, () => {
    for (const [model, upstream] of [[QWEN, "A"], ["gpt-3.5-turbo", "B"], ["mckj/qwen3-30b-a3b", "B"]]) {
      it(`sends ${model} to ${upstream}`, async () => {
        const answer = await curl("-X", "POST", ...call(model, false, type));
        assert.equal(answer.status, 200, answer.body);
        assert.equal(answer.headers["x-upstream"][0], upstream);
        assert.equal(here.upstreams[upstream].last.body.model, model);
        assert.equal(here.upstreams[upstream].last.url, "/v1/chat/completions");
      });

      it(`streams ${model} from ${upstream}`, async () => {
        const lines = await curlLines("-X", "POST", ...call(model, true, type));
        assert.equal(lines.at(-1).text, "data: [DONE]");
        assert.equal(JSON.parse(lines[0].text.slice(6)).choices[0].delta.content, upstream);
      });
    }
  });
}

it("adds the route's headers", async () => {
  await curl("-X", "POST", ...call(QWEN, false, []));
  const { headers } = here.upstreams.A.last;
  assert.equal(headers.authorization, "Bearer sk-qwen-0123456789");
  assert.equal(headers["x-proxy-source"], "M-FastGate-v0.2.0");
});

it("sends a body that is not JSON to the fallback", async () => {
  const answer = await curl("-X", "POST", "-d", "{not json", "-H", `Authorization: Bearer ${key}`, `${here.gateway.url}/v2/chat/completions`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["x-upstream"][0], "B");
});

it("lists the routes in matching order, the secret masked", async () => {
  const answer = await adminCurl(here.gateway)("/routes");
  const routes = answer.json();
  assert.deepEqual(routes.map((route) => route.route_name), ["V2 Qwen", "V2 Fallback"]);
  assert.deepEqual(routes[0].match_body_schema, { model: QWEN });
  assert.ok(!answer.body.includes("sk-qwen-0123456789"));
});
