// Writes a .br and a .gz beside each text or WASM file of the built dashboard, so that the server never compresses
// while it answers. Pages are left out: the server writes a nonce into them. Files that would not get smaller are left alone.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const TYPES = new Set([".css", ".js", ".mjs", ".wasm", ".svg", ".json", ".txt", ".webmanifest", ".ico"]);

const folder = process.argv[2];
let plain = 0;
let small = 0;
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !TYPES.has(extname(entry.name))) continue;
  const file = join(entry.parentPath ?? entry.path, entry.name);
  const bytes = readFileSync(file);
  const brotli = brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
  const gzip = gzipSync(bytes, { level: 9 });
  if (brotli.length < bytes.length) writeFileSync(`${file}.br`, brotli);
  if (gzip.length < bytes.length) writeFileSync(`${file}.gz`, gzip);
  plain += bytes.length;
  small += Math.min(brotli.length, bytes.length);
}
const kilobytes = (bytes) => `${Math.round(bytes / 1024)} KB`;
console.error(`    dashboard: ${kilobytes(plain)}, compressed ${kilobytes(small)}`);
