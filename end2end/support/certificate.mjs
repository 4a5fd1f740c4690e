// A certificate for this machine's own address, signed by an authority made for the occasion.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./children.mjs";

const openssl = async (...args) => {
  const { code, stderr } = await run("openssl", args);
  if (code !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
};

/** Makes both in `folder`: the paths of the authority's certificate (`ca`), of the server's, and of its key. */
export async function makeCertificate(folder) {
  const file = (name) => join(folder, name);
  const newKey = (name) => ["-newkey", "rsa:2048", "-nodes", "-keyout", file(name)];
  writeFileSync(file("extensions"), "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n");
  await openssl("req", "-x509", ...newKey("ca.key"), "-out", file("ca.pem"), "-days", "2", "-subj", "/CN=end2end authority");
  await openssl("req", ...newKey("server.key"), "-out", file("server.csr"), "-subj", "/CN=localhost");
  const signed = ["-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial", "-extfile", file("extensions")];
  await openssl("x509", "-req", "-in", file("server.csr"), "-days", "2", "-out", file("server.pem"), ...signed);
  return { ca: file("ca.pem"), certificate: file("server.pem"), key: file("server.key") };
}
