// A gateway with an upstream behind it, for tests in other languages: prints one line of JSON when both are ready, and
// ends both when its stdin closes.

import { ADMIN_TOKEN, startGateway } from "./gateway.mjs";
import { openAiRoutes } from "./routes.mjs";
import { startUpstream } from "./upstream.mjs";

const upstream = await startUpstream();
const gateway = await startGateway();
await openAiRoutes(gateway, upstream);
const { key_value } = await gateway.key();
console.log(JSON.stringify({ gateway: gateway.url, upstream: upstream.url, admin_token: ADMIN_TOKEN, key: key_value }));

process.stdin.resume();
process.stdin.on("end", async () => {
  await gateway.stop();
  await upstream.stop();
});
