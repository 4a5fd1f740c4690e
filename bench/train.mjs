// What a build with profile-guided optimisation learns from (scripts/release.sh): the requests of the benches, as fast as they go.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { end } from "../end2end/support/children.mjs";
import { freePort, startGateway } from "../end2end/support/gateway.mjs";
import { QUESTION, REQUESTS, routesByModel } from "./requests.mjs";
import { nginx, note, wrk } from "./sides.mjs";

/** How long each kind of request is sent, the usual one longest. */
const SECONDS = 3;
const folder = mkdtempSync(join(tmpdir(), "fastgate-train-"));
const port = await freePort();
const upstream = await nginx("upstream.conf", { DIR: folder, PORT: port });
const gateway = await startGateway();
try {
  await routesByModel(gateway, `127.0.0.1:${port}`);
  const { key_value: key } = await gateway.key();
  const usual = { name: "chat by model", path: "/v1/chat/completions", body: QUESTION, seconds: 2 * SECONDS };
  for (const { name, path, body, seconds = SECONDS } of [usual, ...REQUESTS]) {
    note(name);
    for (const connections of [64, 1]) await wrk(gateway.url + path, { key, body, connections, seconds: connections === 1 ? 1 : seconds });
  }
} finally {
  // Only what ends by itself leaves its counts.
  await gateway.stop();
  await end(upstream);
  rmSync(folder, { recursive: true, force: true });
}
