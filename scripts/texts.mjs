// Writes what readers of Chinese load beside the program (ADR 28): the dashboard's texts, which stand beside the English ones in
// frontend/src/locales/, and the server's sentences. What only pages show is in a file of its own, for a first visit ends at
// the sign-in. How the program reads both: shared/src/texts.rs.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
const LOCALES = "frontend/src/locales";
/** What shows before the sign-in. */
const AT_THE_DOOR = ["common.rs", "shell.rs"];
const TABLE = /^super::texts! \{\n(.*?)^\}$/gms;
const LITERAL = '"((?:[^"\\\\]|\\\\.)*)"';
const TEXT = new RegExp(`^ {4}\\w+(?:\\([^)]*\\))? = ${LITERAL}, ${LITERAL};$`);

/** FNV-1a over the texts, each ended by a zero: `checksum` in shared/src/texts.rs. */
function checksum(texts) {
  let hash = 0x811c9dc5;
  for (const text of texts) for (const byte of Buffer.from(`${text}\0`)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** The pairs of a table. A line that is not understood stops the build: its text would be missing. */
function pairs(file, table) {
  return table
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.trim().startsWith("//"))
    .map((line) => {
      const found = TEXT.exec(line);
      if (!found) throw new Error(`${file}: not a text with its translation on one line:\n${line}`);
      return found.slice(1).map((literal) => JSON.parse(`"${literal}"`));
    });
}

/** The texts of some files: of each table its checksum and its Chinese texts. */
function textsOf(names) {
  return names.flatMap((name) => {
    const file = join(LOCALES, name);
    const tables = [...readFileSync(file, "utf8").matchAll(TABLE)];
    if (tables.length === 0) throw new Error(`${file}: no table of texts`);
    return tables.map(([, table]) => {
      const found = pairs(file, table);
      return [checksum(found.map(([english]) => english)), found.map(([, chinese]) => chinese)];
    });
  });
}

const write = (name, content) => writeFileSync(join(folder, name), JSON.stringify(content));
const pages = readdirSync(LOCALES).filter((name) => name.endsWith(".rs") && !AT_THE_DOOR.includes(name));
write("zh-CN.json", { texts: textsOf(AT_THE_DOOR), sentences: [] });
write("pages.zh-CN.json", { texts: textsOf(pages.sort()), sentences: JSON.parse(readFileSync("frontend/refusals.zh-CN.json", "utf8")) });
