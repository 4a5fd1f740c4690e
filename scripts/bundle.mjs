// Makes one style sheet of those that the built page links, in their order: one request, one name and checksum in the page,
// and text that is compressed together. Each file in style/ stays what one looks at while working.
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
const page = join(folder, "index.html");
const LINK = /<link href=\/admin\/dashboard\/([\w-]+\.css)(?: integrity=[\w+/=-]+)? rel=stylesheet>/g;

const html = readFileSync(page, "utf8");
const names = [...html.matchAll(LINK)].map(([, name]) => name);
if (names.length === 0) throw new Error("the built page links no style sheet: did trunk change how it writes links?");
const styles = names.map((name) => readFileSync(join(folder, name), "utf8")).join("\n");
const hash = (algorithm, encoding) => createHash(algorithm).update(styles).digest(encoding);
const bundle = `styles-${hash("sha256", "hex").slice(0, 16)}.css`;
writeFileSync(join(folder, bundle), styles);
for (const name of names) rmSync(join(folder, name));
const link = `<link href=/admin/dashboard/${bundle} integrity=sha384-${hash("sha384", "base64")} rel=stylesheet>`;
let first = true;
writeFileSync(
  page,
  html.replaceAll(LINK, () => {
    const written = first ? link : "";
    first = false;
    return written;
  }),
);
