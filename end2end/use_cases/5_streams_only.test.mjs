// Use case 5: a route that takes streamed calls only.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { JSON_TYPE, adminCurl, clientCall, curl, curlLines, post } from "../support/curl.mjs";
import { stage } from "../support/stage.mjs";

let key;

async function prepare({ gateway, upstreams }) {
  const answer = await adminCurl(gateway)(
    "/routes",
    ...post({
      route_name: "Streaming Chat API",
      match_path: "/stream/*",
      match_body_schema: { properties: { stream: { const: true } } },
      target_host: upstreams.A.host,
      target_path: "/v1/chat/completions",
      target_protocol: "http",
      timeout: 300,
    }),
  );
  assert.equal(answer.status, 201, answer.body);
  key = (await gateway.key()).key_value;
}

const here = stage({ prepare });

for (const type of [[], JSON_TYPE]) {
  describe(`a route for streams only, ${type.length ? "with" : "without"} Content-Type: application/json`, () => {
    const call = (stream) =>
      clientCall(here.gateway, key, "/stream/chat", { model: "gpt-3.5-turbo", messages: [], stream }, ...type);

    it("passes a stream", async () => {
      const lines = await curlLines("-X", "POST", ...call(true));
      assert.equal(lines.length, 7);
      assert.equal(lines.at(-1).text, "data: [DONE]");
    });

    it("is not there for anything else", async () => {
      const answer = await curl("-X", "POST", ...call(false));
      assert.equal(answer.status, 404);
      assert.equal(answer.json().error.code, "no_matching_route");
      assert.equal(answer.json().error.type, "not_found_error");
    });
  });
}
