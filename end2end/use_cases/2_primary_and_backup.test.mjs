// Use case 2: two routes for the same path; the second takes over while the first one's upstream is down.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { adminCurl, clientCall, curl, curlLines, post } from "../support/curl.mjs";
import { stage } from "../support/stage.mjs";

let key;

async function prepare({ gateway, upstreams }) {
  for (const [name, priority] of [["A", 50], ["B", 100]]) {
    const route = {
      route_name: `Chat ${name}`,
      match_path: "/v1/chat/*",
      match_method: "POST",
      target_host: upstreams[name].host,
      target_path: "/v1/chat/completions",
      target_protocol: "http",
      priority,
    };
    const answer = await adminCurl(gateway)("/routes", ...post(route));
    assert.equal(answer.status, 201, answer.body);
  }
  key = (await gateway.key()).key_value;
}

const here = stage({ upstreams: ["A", "B"], prepare });

const call = (stream = false) =>
  clientCall(here.gateway, key, "/v1/chat/completions", { model: "gpt-3.5-turbo", messages: [{ role: "user", content: "Hi" }], stream });

/** Who answered `count` calls, one after the other, all without an error. */
async function answering(count) {
  const names = new Set();
  for (let n = 0; n < count; n += 1) {
    const answer = await curl("-X", "POST", ...call());
    assert.equal(answer.status, 200, answer.body);
    names.add(answer.headers["x-upstream"][0]);
  }
  return [...names].join();
}

describe("a primary and a backup", () => {
  it("sends everything to the primary, to the backup while it is down, and back again", async () => {
    const { A } = here.upstreams;
    assert.equal(await answering(8), "A");
    await A.stop();
    assert.equal(await answering(8), "B");
    await A.restart();
    assert.equal(await answering(8), "A");
  });

  it("streams from the backup as well", async () => {
    const { A } = here.upstreams;
    await A.stop();
    const lines = await curlLines(...call(true));
    await A.restart();
    assert.equal(lines.at(-1).text, "data: [DONE]");
    assert.equal(JSON.parse(lines[0].text.slice(6)).choices[0].delta.content, "B");
  });

  it("records both attempts", async () => {
    const { A } = here.upstreams;
    await A.stop();
    const answer = await curl("-X", "POST", ...call());
    await A.restart();
    const { id } = await here.gateway.record(`request_id=${answer.headers["x-request-id"][0]}`);
    const { attempts, route_name, outcome } = await here.gateway.admin("GET", `/logs/${id}`);
    assert.equal(attempts.length, 2);
    assert.equal(attempts[0].attempt, 1);
    assert.ok(attempts[0].error);
    assert.equal(attempts[1].status_code, 200);
    assert.equal(route_name, "Chat B");
    assert.equal(outcome, "ok");
  });
});
