// How the gateway conducts itself between a client and an upstream, each rule in a script of its own: the .vtc files in this
// folder, carried out by Varnish's test runner (Debian: package `varnish`) against one gateway.
//
//     npm --prefix end2end run conduct                  all
//     npm --prefix end2end run conduct -- framing_      those whose names begin so
//
// What the scripts know as macros:
//     ${gateway}    address of the gateway, for -connect
//     ${admin}      header field with the administrator's token, for the script's own routes
//     ${key}        header field with an API key
//     ${key_value}  that key alone
//     ${echo}       host:port of an upstream that answers with the request as it came, byte for byte
//     ${bad_backend} host:port where nothing listens (the runner's own)
// A script makes its own routes below a path of its own, so that the scripts run in any order and side by side. Routes need no
// key unless keys are what the script is about.

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { run, until } from "../support/children.mjs";
import { ADMIN_TOKEN, startGateway } from "../support/gateway.mjs";
import { startEcho } from "./echo.mjs";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const AT_ONCE = "2";
const SECONDS_EACH = "60";

/** Limits near enough that a script can reach them. */
const SETTINGS = {
  LOGGING__LEVEL: "info",
  PROXY__CONNECT_TIMEOUT: 1,
  PROXY__MAX_MATCH_BODY_BYTES: 4096,
  SERVER__BODY_TIMEOUT_SECONDS: 2,
  SERVER__HEADER_TIMEOUT_SECONDS: 2,
  SERVER__MAX_HEADER_BYTES: 16384,
};

const wanted = process.argv.slice(2);
const scripts = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".vtc") && (wanted.length === 0 || wanted.some((start) => name.startsWith(start))))
  .sort();
if (scripts.length === 0) throw new Error(`no script is called ${wanted.join(" or ")}`);

const started = performance.now();
const gateway = await startGateway({ settings: SETTINGS });
const echo = await startEcho();
const problems = [];
try {
  const { key_value } = await gateway.key({ source_path: "conduct" });
  const macros = {
    gateway: `127.0.0.1 ${new URL(gateway.url).port}`,
    admin: `Authorization: Bearer ${ADMIN_TOKEN}`,
    key: `X-API-Key: ${key_value}`,
    key_value,
    echo: echo.host,
  };
  const defined = Object.entries(macros).flatMap(([name, value]) => ["-D", `${name}=${value}`]);
  const { code, stdout, stderr } = await run("varnishtest", ["-k", "-j", AT_ONCE, "-t", SECONDS_EACH, ...defined, ...scripts], { cwd: FOLDER });
  const passed = new Set([...stdout.matchAll(/TEST (\S+) passed/g)].map(([, name]) => name));
  const failed = scripts.filter((name) => !passed.has(name));
  // The runner writes the log of what failed, and one line for what passed.
  if (code !== 0 || failed.length > 0) problems.push(stdout, stderr, `failed: ${failed.join(" ") || "?"}`);

  const log = gateway.stderr;
  if (/panicked/.test(log)) problems.push(log, "the gateway panicked");
  await until("no request is in flight", async () => (await gateway.admin("GET", "/metrics")).in_flight === 0).catch((error) =>
    problems.push(error.message),
  );
  if ((await gateway.stop()) !== 0) problems.push("the gateway did not end with code 0");
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`conduct: ${passed.size} of ${scripts.length} scripts passed in ${seconds} s`);
} finally {
  await gateway.stop();
  echo.stop();
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
