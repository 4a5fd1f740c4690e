// The real executable, in a folder of its own under the system's temporary directory, on a free port.
// Which executable: FASTGATE_BIN, else the release build, else the debug build.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { end, start, until } from "./children.mjs";

/** The administrator's token of every gateway started here. */
export const ADMIN_TOKEN = "end2end-admin-token-0123456789";

/** Path of the executable under test. */
export function executable() {
  if (process.env.FASTGATE_BIN) return process.env.FASTGATE_BIN;
  const built = ["release", "debug"].map((profile) =>
    fileURLToPath(new URL(`../../target/${profile}/fastgate`, import.meta.url)),
  );
  const found = built.find(existsSync);
  if (!found) throw new Error(`no executable: build it, or name it in FASTGATE_BIN (looked for ${built.join(", ")})`);
  return found;
}

/** A port that nothing listened on a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** A new empty folder for one gateway. */
export const newFolder = () => mkdtempSync(join(tmpdir(), "fastgate-end2end-"));

/** The environment of this process without any setting of the gateway. */
export function cleanEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("FASTGATE_")));
}

/**
 * Starts a gateway and waits until it is ready. `settings` are environment variables without their `FASTGATE_`, `more`
 * are others with their whole name; `port: null` leaves address and port to the settings file in `folder`, and `url` then says where it is.
 * `under` is a program with its arguments that runs the executable.
 */
export async function startGateway({ folder = newFolder(), port, url, settings = {}, more = {}, args = [], under = [] } = {}) {
  // Valgrind makes fifty instructions of one.
  const patience = under.length > 0 ? 120_000 : 10_000;
  const env = { ...cleanEnvironment(), ...more, FASTGATE_SECURITY__ADMIN_TOKEN: ADMIN_TOKEN };
  if (port !== null) {
    port ??= await freePort();
    url = `http://127.0.0.1:${port}`;
    env.FASTGATE_SERVER__PORT = String(port);
  }
  for (const [name, value] of Object.entries(settings)) env[`FASTGATE_${name}`] = String(value);
  const [program, ...rest] = [...under, executable(), ...args];
  const child = start(program, rest, { cwd: folder, env });
  const gateway = new Gateway(child, folder, url);
  try {
    await until("the gateway is ready", async () => {
      if (child.exitCode !== null) throw new Error(`the gateway ended with code ${child.exitCode}`);
      const answer = await fetch(`${url}/health/ready`).catch(() => null);
      return answer?.ok;
    }, patience);
  } catch (error) {
    await end(child, "SIGKILL");
    throw new Error(`${error.message}\n${gateway.stderr}`);
  }
  return gateway;
}

/** A running gateway. */
export class Gateway {
  /** What it wrote to stderr so far. */
  stderr = "";

  constructor(child, folder, url) {
    this.child = child;
    this.folder = folder;
    this.url = url;
    child.stdout.resume();
    child.stderr.on("data", (bytes) => (this.stderr += bytes));
  }

  /** The log file's contents so far. */
  log() {
    return readFileSync(join(this.folder, "logs/fastgate.log"), "utf8");
  }

  /** An admin call; throws unless it succeeds. Returns the JSON of the answer. */
  async admin(method, path, body) {
    const answer = await fetch(`${this.url}/admin${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} /admin${path}: ${answer.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  /** Creates an API key; its value is in `key_value`. */
  key(fields = {}) {
    return this.admin("POST", "/keys", { source_path: "end2end", ...fields });
  }

  /** Creates a route. */
  route(fields) {
    return this.admin("POST", "/routes", { route_name: `route ${fields.match_path}`, target_protocol: "http", ...fields });
  }

  /** Waits until the audit log has an ended record that fits the query, and returns the newest. */
  record(query) {
    return until(`a record for ${query}`, async () => {
      const { items } = await this.admin("GET", `/logs?limit=1&${query}`);
      return items[0]?.response_time ? items[0] : null;
    });
  }

  /** Ends it as an operator does, and returns the exit code. */
  async stop({ keepFolder = false } = {}) {
    const code = await end(this.child);
    if (!keepFolder) rmSync(this.folder, { recursive: true, force: true });
    return code;
  }
}
