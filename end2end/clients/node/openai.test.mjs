// The official npm `openai` package, unchanged, through the gateway.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import OpenAI, {
  AuthenticationError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
} from "openai";
import { until } from "../../support/children.mjs";
import { openAiRoutes } from "../../support/routes.mjs";
import { stage } from "../../support/stage.mjs";
import { startUpstream } from "../../support/upstream.mjs";

const MESSAGES = [{ role: "user", content: "Say words." }];

let upstream;
let gateway;
let key;

stage({
  prepare: async (here) => {
    gateway = here.gateway;
    upstream = here.upstreams.A;
    await openAiRoutes(gateway, upstream);
    key = await gateway.key();
  },
});

/** A client as a user makes it, without the package's own retries: each test sees one call. */
const client = (apiKey = key.key_value, path = "/v1") => new OpenAI({ apiKey, baseURL: gateway.url + path, maxRetries: 0 });
const chat = (fields = {}, options) =>
  client().chat.completions.create({ model: "gpt-4o-mini", messages: MESSAGES, ...fields }, options);

describe("the npm openai client", () => {
  it("chats", async () => {
    const answer = await chat();
    assert.equal(answer.choices[0].message.content, "A word1 word2 word3 word4");
    assert.equal(answer.usage.total_tokens, 12);
    assert.ok(answer._request_id, "the gateway gives each answer a request id");
  });

  it("lets the upstream see its own key only", async () => {
    await chat();
    assert.equal(upstream.last.headers.authorization, "Bearer sk-upstream-secret-4f2a");
    assert.ok(!JSON.stringify(upstream.last).includes(key.key_value));
  });

  it("streams with usage", async () => {
    const stream = await chat({ stream: true, stream_options: { include_usage: true } });
    let text = "";
    let usage;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, "A word1 word2 word3 word4");
    assert.deepEqual(usage, { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 });
  });

  it("leaves model, tokens and stream in the audit log", async () => {
    const { response, data } = await chat({ stream: true, stream_options: { include_usage: true } }).withResponse();
    for await (const _ of data);
    const record = await gateway.record(`request_id=${response.headers.get("x-request-id")}`);
    assert.equal(record.model, "gpt-4o-mini");
    assert.equal(record.is_stream, true);
    assert.equal(record.prompt_tokens, 7);
    assert.equal(record.completion_tokens, 5);
    assert.equal(record.outcome, "ok");
  });

  it("embeds", async () => {
    const answer = await client().embeddings.create({ model: "text-embedding-3-small", input: ["one", "two"] });
    assert.deepEqual(answer.data.map((item) => item.embedding), [[0.25, -0.5, 1], [0.25, -0.5, 1]]);
  });

  it("lists and retrieves models", async () => {
    const ids = [];
    for await (const model of client().models.list()) ids.push(model.id);
    assert.deepEqual(ids, ["gpt-4o-mini", "gpt-3.5-turbo", "text-embedding-3-small"]);
    assert.equal((await client().models.retrieve("gpt-3.5-turbo")).id, "gpt-3.5-turbo");
  });
});

describe("the npm openai client's exceptions for the gateway's own errors", () => {
  const raises = (promise, kind, status, code) =>
    assert.rejects(promise, (error) => {
      assert.ok(error instanceof kind, `${error.constructor.name} instead of ${kind.name}: ${error.message}`);
      assert.equal(error.status, status);
      assert.equal(error.code, code);
      assert.ok(error.requestID);
      return true;
    });
  const ask = (client) => client.chat.completions.create({ model: "gpt-4o-mini", messages: MESSAGES });

  it("are AuthenticationError for an unknown key", () =>
    raises(ask(client("fg_unknown")), AuthenticationError, 401, "invalid_api_key"));

  it("are AuthenticationError for an expired key", async () => {
    const { key_value } = await gateway.key({ expires_at: "2020-01-01T00:00:00" });
    await raises(ask(client(key_value)), AuthenticationError, 401, "key_expired");
  });

  it("are PermissionDeniedError for a key that may do something else", async () => {
    const { key_value } = await gateway.key({ permissions: ["embeddings"] });
    await raises(ask(client(key_value)), PermissionDeniedError, 403, "permission_denied");
  });

  it("are NotFoundError where no route matches", () =>
    raises(ask(client(key.key_value, "/nowhere")), NotFoundError, 404, "no_matching_route"));

  it("are RateLimitError over the key's limit", async () => {
    const { key_value } = await gateway.key({ rate_limit: 1 });
    await ask(client(key_value));
    await assert.rejects(ask(client(key_value)), (error) => {
      assert.ok(error instanceof RateLimitError);
      assert.equal(error.type, "rate_limit_error");
      assert.ok(Number(error.headers.get("retry-after")) > 0);
      assert.equal(error.headers.get("ratelimit-limit"), "1");
      return true;
    });
  });

  it("are InternalServerError where the upstream is unreachable", async () => {
    const gone = await startUpstream();
    await gone.stop();
    await gateway.route({ match_path: "/gone/*", target_host: gone.host, target_path: "", retry_count: 0 });
    await raises(ask(client(key.key_value, "/gone")), InternalServerError, 502, "upstream_unreachable");
  });
});

describe("the npm openai client's exceptions for the upstream's errors", () => {
  const cases = [
    [401, AuthenticationError],
    [403, PermissionDeniedError],
    [404, NotFoundError],
    [429, RateLimitError],
    [500, InternalServerError],
    [503, InternalServerError],
  ];
  for (const [status, kind] of cases) {
    it(`are ${kind.name} for ${status}, with the upstream's words`, () =>
      assert.rejects(chat({ model: `error-${status}` }), (error) => {
        assert.ok(error instanceof kind);
        assert.equal(error.status, status);
        assert.equal(error.code, `test_${status}`);
        assert.match(error.message, new RegExp(`The upstream says ${status}`));
        return true;
      }));
  }
});

describe("the npm openai client leaving early", () => {
  it("cancels the upstream's stream within 250 ms", async () => {
    const stream = await chat({ stream: true, metadata: { chunks: "1000", gap_ms: "10" } });
    let chunks = 0;
    for await (const _ of stream) {
      chunks += 1;
      if (chunks === 3) break;
    }
    const left = Date.now();
    const { left_at } = await until("the upstream sees the client leave", () => upstream.last.left_at && upstream.last);
    assert.ok(left_at - left <= 250, `cancelled after ${left_at - left} ms`);
  });

  it("cancels a request that waits for its answer", async () => {
    const controller = new AbortController();
    const answer = chat({ metadata: { delay_ms: "10000" } }, { signal: controller.signal });
    const before = upstream.seen.length;
    answer.catch(() => {});
    await until("the upstream has the request", () => upstream.seen.length > before);
    const left = Date.now();
    controller.abort();
    await assert.rejects(answer);
    const { left_at } = await until("the upstream sees the client leave", () => upstream.last.left_at && upstream.last);
    assert.ok(left_at - left <= 250, `cancelled after ${left_at - left} ms`);
  });

  it("shows as client_closed in the audit log", async () => {
    const { response, data } = await chat({ stream: true, metadata: { chunks: "1000", gap_ms: "10" } }).withResponse();
    for await (const _ of data) break;
    const record = await gateway.record(`request_id=${response.headers.get("x-request-id")}`);
    assert.equal(record.outcome, "client_closed");
    assert.equal(record.status_code, 200);
  });
});
