// What the measurements share: other proxies from the configurations here, wrk, and where a report goes.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run, start, until } from "../end2end/support/children.mjs";

/** A file beside this one. */
export const here = (name) => fileURLToPath(new URL(name, import.meta.url));
export const note = (text) => console.error(`    ${text}`);

/** A configuration of here with its `@NAME@`s filled in, as a file in `values.DIR`. */
export function configured(name, values) {
  const file = join(values.DIR, name);
  // Workers of a root's nginx run as nobody, who may not enter the folder.
  const user = name.endsWith(".conf") && process.getuid() === 0 ? "user root;\n" : "";
  writeFileSync(file, user + readFileSync(here(name), "utf8").replaceAll(/@(\w+)@/g, (_, key) => values[key]));
  return file;
}

/** Waits until somebody listens on a port, and returns the child that does. */
export async function listening(child, port) {
  await until(`port ${port} listens`, () => fetch(`http://127.0.0.1:${port}/`).catch(() => null));
  return child;
}

/** Starts nginx with one of the configurations here. */
export function nginx(name, values) {
  // Killed, the master would leave its workers behind.
  const options = { stdio: ["ignore", "ignore", "inherit"], lastSignal: "SIGTERM" };
  return listening(start("nginx", ["-p", values.DIR, "-c", configured(name, values), "-g", "daemon off;"], options), values.PORT);
}

/** One run of wrk: requests, seconds, median and 99 % of the response times (µs). A request that fails is an error. */
export async function wrk(url, { key, body = "", connections, seconds }) {
  const args = ["-t", "1", "-c", String(connections), "-d", `${seconds}s`, "--timeout", "10s", "-s", here("request.lua"), url];
  const { stdout, stderr } = await run("wrk", args, { env: { ...process.env, BENCH_KEY: key, BENCH_BODY: body } });
  const line = stdout.split("\n").find((line) => line.startsWith("{"));
  if (!line) throw new Error(`wrk: ${stdout}${stderr}`);
  const result = JSON.parse(line);
  if (result.errors > 0) throw new Error(`${url}: ${result.errors} of ${result.requests} requests failed`);
  return result;
}

/** Prints a report and leaves it in target/bench. */
export function publish(name, report) {
  const file = here(`../target/bench/${name}`);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, report);
  console.log(report);
  note(`also in ${file}`);
}
