import type { Entry } from "@/gen/penstock/metadata/v1/metadata_pb";

/** A value that this page knows how to show. */
export type KnownValue = Exclude<Entry["value"], { case: undefined }>;

/** What an entry holds: a value, or what can be said of one whose kind is newer than this page. */
export type EntryValue = { known: true; value: KnownValue } | { known: false; kind: string; text: string };

// The arms that belong to each kind. An arm that does not belong to the entry's kind is ignored.
const armsOfKind: Record<string, readonly KnownValue["case"][]> = {
  text: ["text"],
  url: ["url"],
  path: ["path"],
  notebook: ["path"],
  json: ["json"],
  markdown: ["markdown"],
  int: ["int", "bigInt"],
  float: ["float"],
  bool: ["bool"],
  null: ["null"],
  timestamp: ["timestamp"],
  table: ["table"],
  table_schema: ["tableSchema"],
  code: ["code"],
  run: ["runId"],
  job: ["job"],
  asset: ["asset"],
};

/** Reads an entry's value. */
export function readEntry(entry: Entry): EntryValue {
  const arms = Object.hasOwn(armsOfKind, entry.kind) ? armsOfKind[entry.kind] : undefined;
  const { value } = entry;
  if (arms !== undefined && value.case !== undefined && arms.includes(value.case)) return { known: true, value };
  return { known: false, kind: entry.kind, text: fallbackText(entry) };
}

// Longer than this says nothing more on one line.
const longestText = 200;

/** A value on one line, for log lines; tables and the like are named only. */
export function entryText(entry: Entry): string {
  const read = readEntry(entry);
  if (!read.known) return read.text.slice(0, longestText);
  const { value } = read.value;
  if (typeof value === "string") return value.slice(0, longestText);
  if (typeof value === "object") return `(${entry.kind})`;
  return entry.kind === "null" ? "null" : String(value);
}

// The SDK of a newer kind sends a text; without one its canonical JSON is better than nothing.
function fallbackText(entry: Entry): string {
  if (entry.textFallback !== "") return entry.textFallback;
  return new TextDecoder().decode(entry.raw.subarray(0, 4096));
}
