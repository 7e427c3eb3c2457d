import type { TagText } from "@/domain/run/tag";

// What the language reads otherwise than as a tag's key or a value. docs/selectors.md describes it.
const fields = new Set(["status", "job", "location", "repository", "id", "partition", "version", "snapshot", "created", "started", "ended"]);
const words = new Set(["and", "or", "not", "in"]);

interface Token {
  text: string;
  from: number;
  to: number;
}

// A quoted text whose end is missing goes on to the end.
const quotedText = String.raw`"(?:[^"\\]|\\[^])*"?|'(?:[^'\\]|\\[^])*'?`;
// What follows an operator is a value: bare, it may hold quotation marks and operators.
const comparison = String.raw`(?:!=|=~|<=|>=|=|<|>)\s*(?:${quotedText}|[^\s(),]*)`;
const token = new RegExp(`${comparison}|${quotedText}|[(),]|[^\\s(),=!<>~"']+|[!~]`, "gu");

function tokens(text: string): Token[] {
  return [...text.matchAll(token)].map((match) => ({ text: match[0], from: match.index, to: match.index + match[0].length }));
}

/** A value as a selector has it: quoted where it would be read otherwise. */
export function quoted(value: string): string {
  if (/^[\p{L}\p{N}_./@+][\p{L}\p{N}_./@+:-]*$/u.test(value) && !words.has(value.toLowerCase())) return value;
  const escaped = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n").replaceAll("\t", "\\t");
  return `"${escaped}"`;
}

/** The term that selects what has this tag. */
export function tagTerm({ key, value }: TagText): string {
  const plain = key.toLowerCase();
  return `${fields.has(plain) || words.has(plain) ? "tag:" : ""}${key}=${quoted(value)}`;
}

/** The term that selects what has this value in a field. */
export function fieldTerm(field: "job" | "version" | "snapshot" | "location", value: string): string {
  return `${field}=${quoted(value)}`;
}

/** The terms of a selector that are joined by and; undefined where it has an or beside them. */
function conjuncts(where: string): string[] | undefined {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (const each of tokens(where)) {
    if (each.text === "(") depth++;
    else if (each.text === ")") depth--;
    else if (depth === 0 && each.text.toLowerCase() === "or") return undefined;
    else if (depth === 0 && each.text.toLowerCase() === "and") {
      parts.push(where.slice(from, each.from).trim());
      from = each.to;
    }
  }
  parts.push(where.slice(from).trim());
  return parts.filter((part) => part !== "");
}

/** The selector with one more term that must hold; what is there already is not added. */
export function withTerm(where: string, term: string): string {
  const parts = conjuncts(where);
  if (parts === undefined) return `(${where.trim()}) and ${term}`;
  return parts.includes(term) ? where.trim() : [...parts, term].join(" and ");
}

const created = /^created\s*[<>]=?/i;

/** The terms about when runs were created, as they are written; empty when there are none. */
export function createdTerms(where: string): string[] {
  return (conjuncts(where) ?? []).filter((part) => created.test(part));
}

/** The selector with other terms about when runs were created; all else stays. */
export function withCreated(where: string, terms: readonly string[]): string {
  const parts = conjuncts(where);
  // An or is one condition beside the times.
  const others = parts === undefined ? [`(${where.trim()})`] : parts.filter((part) => !created.test(part));
  if (parts === undefined && terms.length === 0) return where.trim();
  return [...others, ...terms].join(" and ");
}

/** Whether a text is meant as a selector, and not as words to look for: it compares something, or names what it means. */
export function isSelector(text: string): boolean {
  const all = tokens(text);
  return all.some((each, index) => /^([=<>]|!=)/.test(each.text) || /^(tag|meta):/i.test(each.text) || (/^in$/i.test(each.text) && all[index + 1]?.text === "("));
}

/** Where a mistake is: the text before it, the character, and the rest; the column counts code points from 1. */
export function markedText(text: string, column: number): [before: string, at: string, after: string] {
  const all = Array.from(text);
  const index = Math.min(column - 1, all.length);
  return [all.slice(0, index).join(""), all[index] ?? "", all.slice(index + 1).join("")];
}

/** How many code points are before an offset in UTF-16 units. */
export function codePointsBefore(text: string, offset: number): number {
  return Array.from(text.slice(0, offset)).length;
}

/**
 * What is before and behind a part of a text, given in code points, in the text as it is now: more may have been typed in
 * the part meanwhile. Undefined when the text was changed elsewhere.
 */
export function aroundPart(part: { text: string; from: number; to: number }, now: string): [before: string, after: string] | undefined {
  const all = Array.from(part.text);
  const before = all.slice(0, part.from).join("");
  const after = all.slice(part.to).join("");
  return now.length >= before.length + after.length && now.startsWith(before) && now.endsWith(after) ? [before, after] : undefined;
}
