// Use case 8: the settings file of 0.2, config/config.yaml in the folder in which the gateway is started.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { run } from "../support/children.mjs";
import { adminCurl, clientCall, curl } from "../support/curl.mjs";
import { cleanEnvironment, executable, freePort, newFolder, startGateway } from "../support/gateway.mjs";
import { openAiRoutes } from "../support/routes.mjs";
import { startUpstream } from "../support/upstream.mjs";

const chat = { model: "gpt-3.5-turbo", messages: [] };
const folder = newFolder();
const write = (yaml) => {
  mkdirSync(join(folder, "config"), { recursive: true });
  writeFileSync(join(folder, "config/config.yaml"), yaml);
};
let upstream;
let gateway;
let key;

before(async () => {
  upstream = await startUpstream();
  const port = await freePort();
  write(`
server:
  host: "127.0.0.1"
  port: ${port}
database:
  sqlite_path: "somewhere/else/gateway.db"
proxy:
  timeout: 1
  max_retries: 0
  async_audit: false
`);
  gateway = await startGateway({ folder, port: null, url: `http://127.0.0.1:${port}` });
  await openAiRoutes(gateway, upstream);
  key = (await gateway.key()).key_value;
});

after(async () => {
  await gateway?.stop();
  await upstream?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("config/config.yaml", () => {
  it("says where to listen and where the database is", async () => {
    assert.equal((await curl(`${gateway.url}/health`)).status, 200);
    assert.ok(existsSync(join(folder, "somewhere/else/gateway.db")));
    assert.ok(!existsSync(join(folder, "data")));
  });

  it("bounds an upstream's silence", async () => {
    const call = clientCall(gateway, key, "/v1/chat/completions", { ...chat, metadata: { delay_ms: "20000" } });
    const answer = await curl("-X", "POST", ...call);
    assert.equal(answer.status, 504);
    assert.equal(answer.json().error.type, "timeout_error");
  });

  it("makes the response's end wait for its audit record", async () => {
    for (let n = 0; n < 5; n += 1) {
      const answer = await curl("-X", "POST", ...clientCall(gateway, key, "/v1/chat/completions", chat));
      assert.equal(answer.status, 200);
      const { items } = (await adminCurl(gateway)(`/logs?request_id=${answer.headers["x-request-id"][0]}`)).json();
      assert.equal(items.length, 1, "the record is there as soon as the answer has ended");
      assert.equal(items[0].status_code, 200);
    }
  });

  it("is shown by check-config, each value with its origin", async () => {
    const { code, stdout } = await run(executable(), ["check-config"], { cwd: folder, env: cleanEnvironment() });
    assert.equal(code, 0);
    assert.match(stdout, /proxy\.timeout.*1.*config\.yaml/);
    assert.match(stdout, /proxy\.connect_timeout.*5.*default/);
  });

  it("stops the start with code 2 when a key is unknown or a value out of range", async () => {
    const other = newFolder();
    try {
      mkdirSync(join(other, "config"));
      for (const [yaml, words] of [
        ["server: {prot: 1}", [/server\.prot/]],
        ["server: {port: 70000}", [/server\.port/, /70000/, /65535/]],
        ["proxy: {timeout: 0}", [/proxy\.timeout/, /\b0\b/, /3600/]],
      ]) {
        writeFileSync(join(other, "config/config.yaml"), yaml);
        const { code, stderr } = await run(executable(), [], { cwd: other, env: cleanEnvironment() });
        assert.equal(code, 2, yaml);
        for (const word of words) assert.match(stderr, word);
      }
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });
});
