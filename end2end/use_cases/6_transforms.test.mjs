// Use case 6: headers and body fields are added and removed on the way.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { adminCurl, clientCall, curl, curlLines, post } from "../support/curl.mjs";
import { stage } from "../support/stage.mjs";

let key;

async function prepare({ gateway, upstreams }) {
  const answer = await adminCurl(gateway)(
    "/routes",
    ...post({
      route_name: "Transforming",
      match_path: "/t/*",
      match_method: "POST",
      match_body_schema: {
        type: "object",
        properties: { model: { type: "string" }, stream: { const: true } },
        required: ["model"],
      },
      target_host: upstreams.A.host,
      target_path: "/v1/chat/completions",
      target_protocol: "http",
      add_headers: { "X-Added": "by the gateway", "X-Replaced": "by the gateway" },
      add_body_fields: { max_tokens: 2048, temperature: 0.7 },
      remove_headers: ["X-Remove-This"],
    }),
  );
  assert.equal(answer.status, 201, answer.body);
  key = (await gateway.key()).key_value;
}

const here = stage({ prepare });

const call = (body) =>
  clientCall(here.gateway, key, "/t/chat", body, "-H", "X-Remove-This: secret", "-H", "X-Replaced: by the client", "-H", "X-Kept: yes");

describe("transforms", () => {
  it("change headers and body, and keep the rest", async () => {
    const body = { model: "gpt-3.5-turbo", messages: [{ role: "user", content: "Größe 你好" }], temperature: 1 };
    const answer = await curl("-X", "POST", ...call(body));
    assert.equal(answer.status, 200, answer.body);
    const seen = here.upstreams.A.last;
    assert.equal(seen.headers["x-added"], "by the gateway");
    assert.equal(seen.headers["x-replaced"], "by the gateway");
    assert.equal(seen.headers["x-kept"], "yes");
    assert.equal(seen.headers["x-remove-this"], undefined);
    assert.deepEqual(seen.body, { ...body, max_tokens: 2048, temperature: 0.7 });
  });

  it("hold for streams", async () => {
    const lines = await curlLines("-X", "POST", ...call({ model: "gpt-3.5-turbo", messages: [], stream: true }));
    assert.equal(lines.at(-1).text, "data: [DONE]");
    assert.equal(here.upstreams.A.last.body.max_tokens, 2048);
    assert.equal(here.upstreams.A.last.body.stream, true);
  });

  for (const [what, body] of [
    ["no model", { messages: [] }],
    ["a model that is no text", { model: 7 }],
    ["stream: false", { model: "m", stream: false }],
    ["no object", ["model"]],
  ]) {
    it(`do not apply to a body with ${what}: 404`, async () => {
      assert.equal((await curl("-X", "POST", ...call(body))).status, 404);
    });
  }
});
