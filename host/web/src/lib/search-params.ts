/** The query part of an address: every key with its values, in order. */
export type SearchParams = Record<string, string[]>;

/** Reads "?a=1&a=2&b=" as {a: ["1", "2"], b: [""]}. Nothing is guessed: "1" stays text. */
export function parseSearch(query: string): SearchParams {
  const params: SearchParams = {};
  for (const [key, value] of new URLSearchParams(query)) {
    (params[key] ??= []).push(value);
  }
  return params;
}

/** Writes what parseSearch reads; keys without values are left out. */
export function formatSearch(params: Record<string, string | readonly string[] | undefined>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value === undefined) continue;
    for (const item of typeof value === "string" ? [value] : value) query.append(key, item);
  }
  // These mean nothing in a value, and readable addresses are worth having.
  const text = query.toString().replaceAll("%3A", ":").replaceAll("%2F", "/").replaceAll("%3D", "=").replaceAll("%2C", ",");
  return text === "" ? "" : `?${text}`;
}
