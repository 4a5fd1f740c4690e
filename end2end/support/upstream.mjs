// A local upstream that speaks as OpenAI's API does: chat (streamed or not), embeddings, models, errors on demand.
// It remembers what it saw, in `seen` and at GET /__seen, also when a client left before the end.
//
// A chat's `metadata` steers it (all values are strings, as the API wants): `chunks` and `gap_ms` of a stream,
// `delay_ms` before the answer. A model `error-429` answers with that status.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { pathToFileURL } from "node:url";

const MODELS = ["gpt-4o-mini", "gpt-3.5-turbo", "text-embedding-3-small"];
const CREATED = 1_700_000_000;

// Does not keep the process alive: a client that left is not waited for.
const pause = (ms) => new Promise((resume) => setTimeout(resume, ms).unref());
const number = (text, otherwise) => (text === undefined ? otherwise : Number(text));

/**
 * Starts an upstream; `name` comes back in the `x-upstream` header and as the first word of every chat. With `tls`, the
 * paths of a `certificate` and its `key`, it speaks https.
 */
export async function startUpstream({ name = "A", port = 0, tls } = {}) {
  const upstream = new Upstream(name, tls);
  await upstream.listen(port);
  return upstream;
}

/** A running upstream. */
export class Upstream {
  /** One entry a request: method, url, headers, body, `at`, and `left_at` when the client went away early (ms of the epoch). */
  seen = [];

  constructor(name, tls) {
    this.name = name;
    this.tls = tls;
  }

  async listen(port) {
    const serve = (request, response) => this.serve(request, response).catch((error) => response.destroy(error));
    this.server = this.tls
      ? createTlsServer({ cert: readFileSync(this.tls.certificate), key: readFileSync(this.tls.key) }, serve)
      : createServer(serve);
    await new Promise((resolve, reject) => this.server.once("error", reject).listen(port, "127.0.0.1", resolve));
    this.port = this.server.address().port;
    this.host = `127.0.0.1:${this.port}`;
    this.url = `${this.tls ? "https" : "http"}://${this.host}`;
  }

  /** Stops listening and drops every connection, as a crash would. */
  async stop() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  /** Comes back on the same port. */
  restart() {
    return this.listen(this.port);
  }

  /** The last request seen. */
  get last() {
    return this.seen.at(-1);
  }

  async serve(request, response) {
    const { pathname } = new URL(request.url, "http://upstream");
    if (pathname === "/__seen") return this.serveSeen(request, response);
    const text = await readAll(request);
    const entry = { method: request.method, url: request.url, headers: request.headers, body: parse(text), at: Date.now() };
    this.seen.push(entry);
    response.on("close", () => {
      if (!response.writableFinished) entry.left_at = Date.now();
    });
    response.setHeader("x-upstream", this.name);
    const status = /^error-(\d{3})$/.exec(entry.body?.model ?? "")?.[1];
    if (status) return fail(response, Number(status));
    if (pathname.endsWith("/chat/completions")) return this.serveChat(entry.body ?? {}, response);
    if (pathname.endsWith("/embeddings")) return serveEmbeddings(entry.body ?? {}, response);
    if (pathname.endsWith("/models")) return json(response, 200, { object: "list", data: MODELS.map(model) });
    const id = /\/models\/([^/]+)$/.exec(pathname)?.[1];
    if (id && MODELS.includes(id)) return json(response, 200, model(id));
    if (pathname.startsWith("/echo")) return json(response, 200, entry);
    return fail(response, 404);
  }

  serveSeen(request, response) {
    if (request.method === "DELETE") this.seen.length = 0;
    json(response, 200, this.seen);
  }

  async serveChat(body, response) {
    const { metadata = {} } = body;
    await pause(number(metadata.delay_ms, 0));
    const words = number(metadata.chunks, 5);
    if (body.stream) return this.streamChat(body, words, number(metadata.gap_ms, 5), response);
    const content = [this.name, ...Array.from({ length: words - 1 }, (_, n) => `word${n + 1}`)].join(" ");
    const choices = [{ index: 0, message: { role: "assistant", content, refusal: null }, logprobs: null, finish_reason: "stop" }];
    return json(response, 200, { ...envelope("chat.completion", body), choices, usage: usage(words) });
  }

  async streamChat(body, words, gap, response) {
    const wantsUsage = body.stream_options?.include_usage === true;
    const base = envelope("chat.completion.chunk", body);
    const send = (value) => response.write(`data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`);
    const chunk = (delta, finish_reason) => ({
      ...base,
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
      ...(wantsUsage && { usage: null }),
    });
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
    for (let n = 0; n < words; n += 1) {
      if (n > 0) await pause(gap);
      if (response.destroyed) return;
      send(chunk(n === 0 ? { role: "assistant", content: this.name } : { content: ` word${n}` }, null));
    }
    send(chunk({}, "stop"));
    if (wantsUsage) send({ ...base, choices: [], usage: usage(words) });
    send("[DONE]");
    response.end();
  }
}

function serveEmbeddings(body, response) {
  const inputs = Array.isArray(body.input) ? body.input : [body.input];
  const vector = Float32Array.from([0.25, -0.5, 1]);
  const embedding = body.encoding_format === "base64" ? Buffer.from(vector.buffer).toString("base64") : [...vector];
  const data = inputs.map((_, index) => ({ object: "embedding", index, embedding }));
  json(response, 200, { object: "list", model: body.model, data, usage: { prompt_tokens: 4, total_tokens: 4 } });
}

function fail(response, status) {
  const error = { message: `The upstream says ${status}.`, type: "upstream_test_error", param: null, code: `test_${status}` };
  json(response, status, { error });
}

function json(response, status, value) {
  const text = JSON.stringify(value);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}

async function readAll(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text === "" ? null : text;
  }
}

const model = (id) => ({ id, object: "model", created: CREATED, owned_by: "upstream" });
const envelope = (object, body) => ({ id: "chatcmpl-1", object, created: CREATED, model: body.model });
const usage = (words) => ({ prompt_tokens: 7, completion_tokens: words, total_tokens: 7 + words });

// By itself, for load tests: `node upstream.mjs [PORT]` prints its address.
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const upstream = await startUpstream({ port: Number(process.argv[2] ?? 0) });
  console.log(upstream.url);
}
