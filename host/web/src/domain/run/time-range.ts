import { createdTerms } from "@/domain/selector/selector-text";

/** A span of time that ends now. */
export interface Span {
  label: string;
  /** The term that selects what was created in it. */
  term: string;
}

/** Spans that are looked for most. */
export const spans: readonly Span[] = [
  { label: "Last hour", term: "created>-1h" },
  { label: "Last 24 hours", term: "created>-24h" },
  { label: "Last 7 days", term: "created>-7d" },
];

/** What a selector says of the time of creation, for people. */
export function timeRangeLabel(where: string): string {
  const terms = createdTerms(where).map((term) => term.replaceAll(" ", ""));
  if (terms.length === 0) return "Any time";
  const [only] = terms;
  const span = terms.length === 1 ? spans.find(({ term }) => term === only) : undefined;
  return span?.label ?? "Custom time";
}

/** The terms for a time from and until, each as a field for local time has it; what is empty or no time has none. */
export function rangeTerms(from: string, until: string): string[] {
  return [
    ["created>=", from],
    ["created<", until],
  ].flatMap(([operator = "", text = ""]) => {
    const ms = Date.parse(text);
    return Number.isNaN(ms) ? [] : [`${operator}${new Date(ms).toISOString().slice(0, 19)}Z`];
  });
}

/** The time that a term of rangeTerms says, as a field for local time has it; empty when there is none. */
export function localTimeOf(where: string, operator: ">" | "<"): string {
  const term = createdTerms(where).find((each) => each.replaceAll(" ", "").startsWith(`created${operator}`)) ?? "";
  const ms = Date.parse(term.replace(/^created\s*[<>]=?\s*"?/i, "").replace(/"$/, ""));
  if (Number.isNaN(ms)) return "";
  return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
