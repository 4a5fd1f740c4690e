// What the kernel says about processes: CPU time and memory, from /proc.

import { readFileSync } from "node:fs";

// USER_HZ: 100 on every Linux that Debian runs on.
const TICKS_PER_SECOND = 100;

/** A process and its children (nginx: the master and its workers). */
export function pidsOf(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return [pid, ...children.split(" ").filter(Boolean).map(Number)];
}

/** User and system time of all threads of these processes, seconds. */
export function cpuSeconds(pids) {
  const ticks = pids.map((pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold spaces; the fields after it count from 3.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, value) => sum + value, 0) / TICKS_PER_SECOND;
}

/** Resident memory, pages shared between the processes counted once, MiB. */
export function memory(pids) {
  const kilobytes = pids.map((pid) => {
    const [, value] = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
    return Number(value);
  });
  return kilobytes.reduce((sum, value) => sum + value, 0) / 1024;
}

/** Waits until the processes do nothing for 300 ms, at most 10 s. */
export async function quiet(pids) {
  for (let n = 0; n < 33; n += 1) {
    const before = cpuSeconds(pids);
    await new Promise((resume) => setTimeout(resume, 300));
    if (cpuSeconds(pids) === before) return;
  }
}
