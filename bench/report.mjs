// Figures as text: medians with their range, ratios round by round, Markdown.

/** The middle one. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Ratios of what was measured in the same round. */
export const ratios = (ours, theirs) => ours.map((value, round) => value / theirs[round]);

function cell(values, digits) {
  if (!values) return "";
  const text = (value) => value.toFixed(digits);
  if (values.length === 1) return text(values[0]);
  return `${text(median(values))} (${text(Math.min(...values))} – ${text(Math.max(...values))})`;
}

/** A row: its name, a cell for each list of values, and one for the ratios (none when undefined). */
export function row(name, lists, ratio, digits) {
  const cells = lists.map((values) => cell(values, digits));
  return ratio === undefined ? [name, ...cells] : [name, ...cells, ratio ? `**${cell(ratio, 2)}**` : ""];
}

/** A Markdown table. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}
