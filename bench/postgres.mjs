// A private PostgreSQL as Debian configures it, in a folder of its own: `node bench/postgres.mjs FOLDER` starts it (making it
// when the folder is new), prints its URL and ends it with this process. It writes as safely as it does by default.

import { execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { end, start, until } from "../end2end/support/children.mjs";
import { freePort } from "../end2end/support/gateway.mjs";

/** Where the server's programs are; Debian keeps them out of the PATH. */
function programs() {
  const versions = "/usr/lib/postgresql";
  const folders = existsSync(versions) ? readdirSync(versions).sort().reverse() : [];
  const found = folders.map((version) => join(versions, version, "bin")).find((folder) => existsSync(join(folder, "initdb")));
  return found ?? execFileSync("pg_config", ["--bindir"], { encoding: "utf8" }).trim();
}

/** PostgreSQL refuses to run as root; these options run it as somebody else, who owns the folder. */
function somebodyElse(folder) {
  if (process.getuid() !== 0) return {};
  const [name, home] = ["postgres", "nobody"].flatMap((name) => {
    const line = execFileSync("sh", ["-c", `getent passwd ${name} || true`], { encoding: "utf8" }).trim();
    return line ? [[name, line.split(":")]] : [];
  })[0];
  const [uid, gid] = [Number(home[2]), Number(home[3])];
  chownSync(folder, uid, gid);
  return { uid, gid, name };
}

/** The settings of a gateway on this database, again and again: each start has a new folder, where no key file would be. */
export const onServer = (url) => ({ DATABASE__URL: url, SECURITY__MASTER_KEY: "00".repeat(31) + "01" });

/** Starts the server on a free port of this machine. Returns its URL and its process, to be ended by SIGINT. */
export async function startPostgres(folder) {
  folder = resolve(folder);
  mkdirSync(folder, { recursive: true });
  const { uid, gid } = somebodyElse(folder);
  const [bin, data, port] = [programs(), join(folder, "data"), await freePort()];
  const options = { uid, gid, cwd: folder, stdio: ["ignore", "ignore", "inherit"] };
  if (!existsSync(join(data, "PG_VERSION"))) {
    execFileSync(join(bin, "initdb"), ["-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-instructions"], options);
  }
  const settings = ["listen_addresses=127.0.0.1", `port=${port}`, `unix_socket_directories=${folder}`].flatMap((setting) => ["-c", setting]);
  const child = start(join(bin, "postgres"), ["-D", data, ...settings], { ...options, stdio: ["ignore", "ignore", "ignore"], lastSignal: "SIGINT" });
  const asked = () => {
    try {
      execFileSync(join(bin, "pg_isready"), ["-q", "-h", "127.0.0.1", "-p", String(port)]);
      return true;
    } catch {
      return false;
    }
  };
  await until("PostgreSQL listens", async () => asked(), 60_000);
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, child, stop: () => end(child, "SIGINT", 60_000) };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const server = await startPostgres(process.argv[2]);
  console.log(server.url);
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => server.stop().then(() => process.exit(0)));
}
