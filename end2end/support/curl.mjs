// Real `curl` processes, as the users' scripts start them.

import { createInterface } from "node:readline";
import { run, start } from "./children.mjs";
import { ADMIN_TOKEN } from "./gateway.mjs";

/** Runs curl with these arguments. `body` is the answer's text, `json()` reads it; `headers` are lists of values by lower-case name. */
export async function curl(...args) {
  const { code, stdout, stderr } = await run("curl", ["-sS", "-w", '%{stderr}\n{"status":%{http_code},"headers":%{header_json}}', ...args]);
  if (code !== 0) throw new Error(`curl ended with ${code}: ${stderr}`);
  const { status, headers } = JSON.parse(stderr.slice(stderr.indexOf("\n{")));
  return { status, headers, body: stdout, json: () => JSON.parse(stdout) };
}

/** Runs `curl -N`: the answer's lines that are not empty, each with the time (ms) at which it came. */
export async function curlLines(...args) {
  const child = start("curl", ["-sS", "-N", ...args]);
  child.stderr.resume();
  const lines = [];
  for await (const text of createInterface({ input: child.stdout })) {
    if (text !== "") lines.push({ text, at: performance.now() });
  }
  return lines;
}

/** curl's flag for JSON, which many scripts leave out. */
export const JSON_TYPE = ["-H", "Content-Type: application/json"];

/** The ways in which scripts call the admin side: the token as a query or a header, the content type said or not. */
export const WAYS = [
  { name: "?token=, no Content-Type", query: true, headers: [] },
  { name: "?token=, application/json", query: true, headers: JSON_TYPE },
  { name: "a bearer token, no Content-Type", query: false, headers: [] },
  { name: "a bearer token, application/json", query: false, headers: JSON_TYPE },
];

/**
 * `admin(path, ...arguments)` runs curl against `$G/admin…` in one of the WAYS and expects `status` (200, 201 after a
 * creation, 204); the answer is curl's.
 */
export function adminCurl(gateway, way = WAYS[0]) {
  return (path, ...args) => {
    const token = way.query ? `${path.includes("?") ? "&" : "?"}token=${ADMIN_TOKEN}` : "";
    const bearer = way.query ? [] : ["-H", `Authorization: Bearer ${ADMIN_TOKEN}`];
    return curl(...args, ...bearer, ...way.headers, `${gateway.url}/admin${path}${token}`);
  };
}

/** `-X POST -d BODY`. */
export const post = (body) => ["-X", "POST", "-d", JSON.stringify(body)];

/** `-X PUT -d BODY`. */
export const put = (body) => ["-X", "PUT", "-d", JSON.stringify(body)];

/** A client's call through the gateway: `curl -d BODY -H 'Authorization: Bearer KEY' $G/path`. */
export const clientCall = (gateway, key, path, body, ...more) => [
  ...(body === undefined ? [] : ["-d", JSON.stringify(body)]),
  ...["-H", `Authorization: Bearer ${key}`],
  ...more,
  gateway.url + path,
];
