// Use case 1: clients get a key of the gateway, the upstream's own key stays in the gateway.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { makeCertificate } from "../support/certificate.mjs";
import { JSON_TYPE, WAYS, adminCurl, clientCall, curl, curlLines, post } from "../support/curl.mjs";
import { newFolder, startGateway } from "../support/gateway.mjs";
import { stage } from "../support/stage.mjs";
import { startUpstream } from "../support/upstream.mjs";

const SECRET = "sk-proj-0123456789abcdef4f2a";
const here = stage();

const chat = { model: "gpt-3.5-turbo", messages: [{ role: "user", content: "Hi" }] };
const route = () => ({
  route_name: "OpenAI Chat Proxy",
  match_path: "/v1/chat/*",
  match_method: "POST",
  target_host: here.upstreams.A.host,
  target_path: "/v1/chat/completions",
  target_protocol: "http",
  add_headers: { Authorization: `Bearer ${SECRET}` },
  timeout: 60,
});

for (const way of WAYS) {
  describe(`hiding the real key, set up with ${way.name}`, () => {
    it("gives the client a key and the upstream its own", async () => {
      const { gateway, upstreams } = here;
      const admin = adminCurl(gateway, way);

      const created = await admin("/keys", ...post({ source_path: "openai-chat", permissions: ["chat"], rate_limit: 1000 }));
      assert.equal(created.status, 201, created.body);
      const { key_value, key_id, source_path, permissions, rate_limit } = created.json();
      assert.match(key_value, /^fg_/);
      assert.ok(key_id);
      assert.deepEqual({ source_path, permissions, rate_limit }, { source_path: "openai-chat", permissions: ["chat"], rate_limit: 1000 });

      const added = await admin("/routes", ...post(route()));
      assert.equal(added.status, 201, added.body);
      assert.ok(added.json().route_id);
      assert.ok(!added.body.includes(SECRET), "a secret comes back masked");

      for (const type of [[], JSON_TYPE]) {
        const call = clientCall(gateway, key_value, "/v1/chat/completions", { ...chat, stream: true, metadata: { chunks: "6", gap_ms: "60" } }, ...type);
        const lines = await curlLines("-X", "POST", ...call);
        assert.equal(lines.length, 8);
        assert.ok(lines.every(({ text }) => text.startsWith("data: ")));
        assert.equal(lines.at(-1).text, "data: [DONE]");
        assert.ok(lines.at(-1).at - lines[0].at >= 200, "the lines come as the upstream sends them");

        const { headers, url, body } = upstreams.A.last;
        assert.equal(headers.authorization, `Bearer ${SECRET}`);
        assert.ok(!JSON.stringify(headers).includes(key_value));
        assert.equal(url, "/v1/chat/completions");
        assert.equal(body.model, "gpt-3.5-turbo");
      }

      const plain = await curl("-X", "POST", ...clientCall(gateway, key_value, "/v1/chat/completions", chat));
      assert.equal(plain.status, 200);
      assert.equal(plain.json().choices[0].message.role, "assistant");
    });
  });
}

describe("an upstream over https", () => {
  let folder;
  let tls;
  let upstream;
  before(async () => {
    folder = newFolder();
    tls = await makeCertificate(folder);
    upstream = await startUpstream({ name: "A", tls });
  });
  after(async () => {
    await upstream?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A gateway's answer through a route to `upstream`. */
  async function answerThrough(gateway) {
    try {
      const fields = { target_host: upstream.host, target_protocol: "https" };
      const added = await adminCurl(gateway)("/routes", ...post({ ...route(), ...fields }));
      assert.equal(added.status, 201, added.body);
      const { key_value } = await gateway.key({ permissions: ["chat"] });
      return await curl("-X", "POST", ...clientCall(gateway, key_value, "/v1/chat/completions", chat));
    } finally {
      await gateway.stop();
    }
  }

  it("gets its own key and the request", async () => {
    const answer = await answerThrough(await startGateway({ more: { SSL_CERT_FILE: tls.ca } }));
    assert.equal(answer.status, 200, answer.body);
    assert.equal(upstream.last.headers.authorization, `Bearer ${SECRET}`);
    assert.equal(upstream.last.headers.host, upstream.host);
  });

  it("gets nothing when its certificate is not trusted", async () => {
    const seen = upstream.seen.length;
    const answer = await answerThrough(await startGateway());
    assert.equal(answer.status, 502);
    assert.equal(answer.json().error.type, "upstream_error");
    assert.equal(upstream.seen.length, seen);
  });
});

describe("a key of the gateway", () => {
  const permissions = ["chat", "completions"];

  it("works until it expires", async () => {
    const { gateway } = here;
    const admin = adminCurl(gateway);
    const created = await admin("/keys", ...post({ source_path: "web", permissions, expires_at: "2030-12-31T23:59:59" }));
    assert.equal(created.status, 201, created.body);
    assert.match(created.json().expires_at, /^2030-12-31T23:59:59(\.0+)?Z$/);
    const answer = await curl("-X", "POST", ...clientCall(gateway, created.json().key_value, "/v1/chat/completions", chat));
    assert.equal(answer.status, 200);
  });

  it("with a date in the past answers 401", async () => {
    const { gateway } = here;
    const created = await adminCurl(gateway)("/keys", ...post({ source_path: "web", permissions, expires_at: "2020-12-31T23:59:59" }));
    assert.equal(created.status, 201, created.body);
    const answer = await curl("-X", "POST", ...clientCall(gateway, created.json().key_value, "/v1/chat/completions", chat));
    assert.equal(answer.status, 401);
    assert.equal(answer.json().error.code, "key_expired");
    assert.ok(answer.headers["www-authenticate"]);
    assert.equal(answer.json().request_id, answer.headers["x-request-id"][0]);
  });

  it("is needed", async () => {
    const answer = await curl("-X", "POST", "-d", JSON.stringify(chat), `${here.gateway.url}/v1/chat/completions`);
    assert.equal(answer.status, 401);
    assert.equal(answer.json().error.type, "authentication_error");
  });
});

it("no secret is in the log file", async () => {
  const { gateway } = here;
  const { key_value } = await gateway.key();
  await curl("-X", "POST", ...clientCall(gateway, key_value, "/v1/chat/completions", chat));
  await gateway.record("source_path=end2end");
  const log = gateway.log() + gateway.stderr;
  assert.ok(log.includes("Request forwarded"));
  assert.ok(!log.includes(key_value));
  assert.ok(!log.includes(SECRET));
  assert.ok(!log.includes("token=end2end"));
});
