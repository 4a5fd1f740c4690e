// What the measurements ask, and the routes that their requests go by.

/** A chat request of 0.4 KB. */
export const QUESTION =
  '{"model":"gpt-4o-mini","temperature":0.7,"messages":[{"role":"system","content":"You are a helpful assistant that answers in one sentence, without any introduction, in the language of the question."},{"role":"user","content":"Explain in simple words why the sky is blue at noon and red in the evening, and what the size of the particles in the air has to do with it."}]}';

/** A chat request of about so many bytes. */
export const chat = (length) =>
  JSON.stringify({ model: "gpt-4o-mini", temperature: 0.7, messages: [{ role: "user", content: "Why is the sky blue? ".repeat(Math.ceil(length / 21)) }] });

/** What wrk sends in breadth, and what the documents call it. */
export const REQUESTS = [
  { name: "small GET", path: "/v1/models", body: "" },
  { name: "chat, 1 KB, by model", path: "/v1/chat/completions", body: chat(900) },
  { name: "chat, 100 KB, by model", path: "/v1/chat/completions", body: chat(100_000) },
  { name: "stream of 20 events at once", path: "/v1/stream", body: chat(900) },
];

/** Three routes with a key for the upstream, of which two ask for the body's model. */
export async function routesByModel(gateway, target_host) {
  const secret = { add_headers: { Authorization: "Bearer sk-upstream-secret-4f2a" } };
  for (const [priority, rule] of [[50, { model: "qwen3" }], [60, { model: "gpt-4o-mini" }], [90, undefined]]) {
    await gateway.route({ match_path: "/v1/*", target_host, target_path: "", priority, ...(rule && { match_body_schema: rule }), ...secret });
  }
}
