// What a file of tests needs: one gateway and some upstreams, started before its tests and ended after them.

import { after, before } from "node:test";
import { startGateway } from "./gateway.mjs";
import { startUpstream } from "./upstream.mjs";

/**
 * Call it once at the top of a file; the properties are there once its tests run. `prepare(stage)` comes last: Node 20
 * runs several `before` of a file at the same time, so that everything has to be in this one.
 */
export function stage({ upstreams = ["A"], prepare = async () => {}, ...options } = {}) {
  const stage = { gateway: null, upstreams: {} };
  before(async () => {
    for (const name of upstreams) stage.upstreams[name] = await startUpstream({ name });
    stage.gateway = await startGateway(options);
    await prepare(stage);
  });
  after(async () => {
    await stage.gateway?.stop();
    for (const upstream of Object.values(stage.upstreams)) await upstream.stop();
  });
  return stage;
}
