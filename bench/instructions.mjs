// Counts the instructions that a request costs the executable, and each hot room in it, under valgrind: the same on a
// busy machine as on an idle one. Fails when one is more than a tenth above its committed figure (instructions.json);
// `--renew` writes the figures of now there.

import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { end, start } from "../end2end/support/children.mjs";
import { executable, startGateway } from "../end2end/support/gateway.mjs";
import { threads } from "./callgrind.mjs";

/** What one may grow by before somebody has to say that it is worth it. */
const MARGIN = 1.1;
/** Two runs of so many requests: their difference is free of what starting and ending cost. */
const FEW = 100;
const MANY = 600;
const FIGURES = new URL("instructions.json", import.meta.url);

/** Functions that a request passes once, by what they are called here. Their names are kept by `#[inline(never)]`. */
const ROOMS = {
  "accept": "fastgate::proxy::accept::accept",
  "authenticate": "fastgate::proxy::authenticate::authenticate",
  "select routes": "fastgate::routing::table::RouteTable::select",
  "read the model": "fastgate::body::peek::PeekedBody::model",
  "admit": "fastgate::proxy::admit::admit",
  "transform": "fastgate::proxy::transform::transform",
  "begin the record": "fastgate::proxy::exchange::Exchange::begin",
  "redact header fields": "fastgate::audit_log::redact::Redactor::headers",
  "relay the head": "fastgate::proxy::relay::relay",
  "read the usage": "fastgate::body::usage::UsageReader::finish",
  "end the record": "fastgate::proxy::exchange::ending::<impl fastgate::proxy::exchange::Exchange>::end",
  "write the log line": "fastgate::proxy::exchange::log_line::log_line",
  "store the record": "fastgate::db::audit::insert_ended",
};
const JOURNEY = "the whole journey";

const ANSWER = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1_700_000_000,
  model: "gpt-4o-mini",
  choices: [{ index: 0, message: { role: "assistant", content: "Air scatters short waves more than long ones. ".repeat(4) }, finish_reason: "stop" }],
  usage: { prompt_tokens: 62, completion_tokens: 34, total_tokens: 96 },
});
const QUESTION = JSON.stringify({
  model: "gpt-4o-mini",
  temperature: 0.7,
  messages: [
    { role: "system", content: "You are a helpful assistant that answers in one sentence, without any introduction." },
    { role: "user", content: "Explain in simple words why the sky is blue at noon and red in the evening. ".repeat(10) },
  ],
});

/** An upstream that always answers the same. */
async function startUpstream() {
  const server = createServer((asked, answer) => {
    asked.resume().on("end", () => {
      answer.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(ANSWER) });
      answer.end(ANSWER);
    });
  });
  server.keepAliveTimeout = 0;
  await new Promise((resume) => server.listen(0, "127.0.0.1", resume));
  return server;
}

/** One request, to the end of its answer. */
function ask(url, agent, key) {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json", "content-length": Buffer.byteLength(QUESTION) };
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/v1/chat/completions`, { method: "POST", agent, headers }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`status ${answer.statusCode}`));
      answer.resume().on("end", resolve).on("error", reject);
    });
    asked.on("error", reject).end(QUESTION);
  });
}

/**
 * Holds the database's write lock until its input ends. Records wait meanwhile, and are stored in full batches afterwards:
 * what a record costs there depends on how many come together, and that on the machine's speed.
 */
const LOCK = `import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")`;

/** Runs `work` while nobody can write into the gateway's database. */
async function locked(gateway, work) {
  const holder = start("python3", ["-c", LOCK, join(gateway.folder, "data/fastgate.db")], { stdio: ["pipe", "pipe", "inherit"] });
  const [said] = await Promise.race([once(holder.stdout, "data"), once(holder, "exit")]);
  if (String(said).trim() !== "locked") throw new Error("the database could not be locked");
  await work();
  const gone = once(holder, "exit");
  holder.stdin.end();
  await gone;
}

/** The costs of all threads of a gateway that answered so many requests, one after the other. */
async function costsOf(requests, upstream) {
  const folder = mkdtempSync(join(tmpdir(), "fastgate-instructions-"));
  const valgrind = ["valgrind", "-q", "--tool=callgrind", "--separate-threads=yes", `--callgrind-out-file=${folder}/callgrind`];
  const gateway = await startGateway({ under: valgrind, settings: { SERVER__WORKER_THREADS: 1 } });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const host = `127.0.0.1:${upstream.address().port}`;
    const secret = { add_headers: { Authorization: "Bearer sk-upstream-secret-4f2a" } };
    await gateway.route({ match_path: "/v1/*", target_host: host, target_path: "", priority: 50, match_body_schema: { model: "qwen3" }, ...secret });
    await gateway.route({ match_path: "/v1/*", target_host: host, target_path: "", priority: 60, match_body_schema: { model: "gpt-4o-mini" }, ...secret });
    const { key_value: key } = await gateway.key();
    await locked(gateway, async () => {
      for (let n = 0; n < requests; n += 1) await ask(gateway.url, agent, key);
    });
    await end(gateway.child, "SIGTERM", 60_000);
    return threads(folder);
  } finally {
    agent.destroy();
    await end(gateway.child, "SIGKILL");
    rmSync(folder, { recursive: true, force: true });
    rmSync(gateway.folder, { recursive: true, force: true });
  }
}

/** Instructions of the thread that carries requests, and of each room on whatever thread. */
function figuresOf(costs) {
  const worker = costs.find((thread) => thread.inclusive.has(ROOMS.accept));
  if (!worker) throw new Error(`${executable()} has no symbols: ${ROOMS.accept} was not found`);
  const figures = new Map([[JOURNEY, worker.total]]);
  for (const [name, called] of Object.entries(ROOMS)) {
    const sum = costs.reduce((sum, thread) => sum + (thread.inclusive.get(called) ?? 0), 0);
    if (sum === 0) throw new Error(`no instruction of ${called} was counted: has it another name, or no \`#[inline(never)]\`?`);
    figures.set(name, sum);
  }
  return figures;
}

async function main() {
  const upstream = await startUpstream();
  const few = figuresOf(await costsOf(FEW, upstream));
  const many = figuresOf(await costsOf(MANY, upstream));
  upstream.close();
  upstream.closeAllConnections();
  const now = Object.fromEntries([...many].map(([name, count]) => [name, Math.round((count - few.get(name)) / (MANY - FEW))]));
  if (process.argv.includes("--renew")) {
    writeFileSync(FIGURES, `${JSON.stringify(now, null, 2)}\n`);
    return;
  }
  const before = JSON.parse(readFileSync(FIGURES, "utf8"));
  const dearer = [];
  for (const [name, count] of Object.entries(now)) {
    const ratio = count / before[name];
    const is = !(ratio <= MARGIN);
    if (is) dearer.push(name);
    console.log(`${name.padEnd(22)} ${String(count).padStart(8)} instructions, ${ratio.toFixed(2)} of the committed ${before[name]}${is ? "  TOO MANY" : ""}`);
  }
  if (dearer.length > 0) {
    console.error(`dearer by more than a tenth: ${dearer.join(", ")}. If it is worth it: scripts/instructions.sh --renew`);
    process.exitCode = 1;
  }
}

await main();
