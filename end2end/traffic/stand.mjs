// What the scenarios of this folder are made of: targets, gateways, calls, and load at a steady rate. All of it ends with
// the test that started it.

import { once } from "node:events";
import { rmSync } from "node:fs";
import { request } from "node:http";
import { afterEach } from "node:test";
import { fileURLToPath } from "node:url";
import { end, start } from "../support/children.mjs";
import { startGateway } from "../support/gateway.mjs";

const PROGRAM = fileURLToPath(new URL("target.mjs", import.meta.url));
const started = [];
const folders = [];

afterEach(async () => {
  for (const child of started.splice(0)) await end(child, "SIGKILL");
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Starts a target: its host and its process. */
export async function target(manner, port = 0) {
  const child = start(process.execPath, [PROGRAM, manner, String(port)]);
  started.push(child);
  const [line] = await once(child.stdout, "data");
  return { child, host: String(line).trim() };
}

/** What a target tells at `/seen` or `/most`. */
export const told = async ({ host }, what) => (await fetch(`http://${host}/${what}`)).json();

/** Starts a gateway with these routes, each for every path, and a key. */
export async function gatewayWith(routes, settings = {}) {
  const gateway = await startGateway({ settings });
  started.push(gateway.child);
  folders.push(gateway.folder);
  const made = [];
  for (const route of routes) made.push(await gateway.route({ match_path: "/**", ...route }));
  const { key_value: key } = await gateway.key();
  return { gateway, routes: made, key };
}

/** A call by a connection of `agent`: its status, or the error's code; `retryAfter` of the answer goes to `heard`. */
export function call(agent, { gateway, key }, method, id, { body, heard } = {}) {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${key}`, "x-call": id };
    const sent = request(`${gateway.url}/work`, { agent, method, headers }, (answer) => {
      answer.resume();
      heard?.(answer.headers["retry-after"]);
      answer.on("end", () => resolve(answer.statusCode));
      answer.on("error", (error) => resolve(error.code));
    });
    sent.on("error", (error) => resolve(error.code));
    sent.end(body);
  });
}

/** Sends `total` calls at `rate` a second, at their intended times and not as fast as they are answered: their statuses. */
export async function load(rate, total, send, halfway = () => {}) {
  const answers = [];
  const began = performance.now();
  let told = false;
  while (answers.length < total) {
    const due = Math.min(total, Math.ceil(((performance.now() - began) / 1000) * rate));
    while (answers.length < due) answers.push(send(String(answers.length)));
    if (answers.length >= total / 2 && !told) {
      told = true;
      halfway();
    }
    await new Promise((resume) => setTimeout(resume, 2));
  }
  return Promise.all(answers);
}
