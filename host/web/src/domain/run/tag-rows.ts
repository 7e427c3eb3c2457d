import { randomId } from "@/lib/random-id";
import type { TagText } from "./tag";

/** A row of the tag dialog, as typed. */
export interface TagRow {
  /** Tells rows apart while they come and go. */
  id: string;
  key: string;
  value: string;
  /** Set when the reader wants the tag without a value. */
  bare: boolean;
  /** The value that it came with, which stays as it is to the last space unless the reader changes it. */
  given?: string;
}

/** A row for a tag; one that was given without a value stays without. */
export function newRow(tag: TagText = { key: "", value: "" }, given = false): TagRow {
  return { id: randomId(), key: tag.key, value: tag.value, bare: given && tag.value === "", ...(given ? { given: tag.value } : {}) };
}

// What is typed is trimmed, since spaces at an end cannot be seen.
function valueOf({ value, given }: TagRow): string {
  return value === given ? value : value.trim();
}

/** Why a row cannot be applied. */
export interface RowProblem {
  row: string;
  kind: "no-key" | "no-value" | "duplicate";
  message: string;
}

/** What is wrong with rows that the host need not be asked about: half-filled ones, and keys that are given twice. */
export function rowProblems(rows: readonly TagRow[]): RowProblem[] {
  const problems: RowProblem[] = [];
  const seen = new Set<string>();
  for (const row of rows) {
    const key = row.key.trim();
    const value = valueOf(row);
    if (key === "" && value === "") continue;
    if (key === "") problems.push({ row: row.id, kind: "no-key", message: `The value “${value}” has no key. Type one, or remove the row.` });
    else if (seen.has(key)) problems.push({ row: row.id, kind: "duplicate", message: `The key “${key}” is given twice. A run has each key once: remove one of them.` });
    else if (value === "" && !row.bare) problems.push({ row: row.id, kind: "no-value", message: `The key “${key}” has no value. Type one, or keep the tag without a value.` });
    if (key !== "") seen.add(key);
  }
  return problems;
}

/** The tags that the rows stand for; empty rows are left out. */
export function tagsOf(rows: readonly TagRow[]): TagText[] {
  return rows.map((row) => ({ key: row.key.trim(), value: valueOf(row) })).filter((tag) => tag.key !== "");
}

/** Keys that the rows give, for marking what they override. */
export function givenKeys(rows: readonly TagRow[]): Set<string> {
  return new Set(tagsOf(rows).map((tag) => tag.key));
}
