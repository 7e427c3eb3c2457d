/** A number that the language would round, as it was written. */
export class ExactNumber {
  constructor(readonly digits: string) {}
}

/** What JSON text holds, every number exact. */
export type ExactJson = null | boolean | number | string | ExactNumber | ExactJson[] | { [key: string]: ExactJson };

/** Parses JSON without rounding a number; undefined when the text is no JSON. */
export function parseExactJson(text: string): ExactJson | undefined {
  try {
    // The third argument holds a number's source text in browsers of 2024 and later; older ones round.
    const keep = (_key: string, value: unknown, context?: { source?: string }) =>
      typeof value === "number" && context?.source !== undefined && JSON.stringify(value) !== context.source && !sameNumber(value, context.source)
        ? new ExactNumber(context.source)
        : value;
    return JSON.parse(text, keep) as ExactJson;
  } catch {
    return undefined;
  }
}

// 1.0 and 1e3 are written differently and round nothing; 0.1234567890123456789 loses digits.
function sameNumber(value: number, source: string): boolean {
  const digits = source.replace(/e.*$/i, "").replace(/[-.]/g, "").replace(/^0+/, "").replace(/0+$/, "");
  return Number.isFinite(value) && digits.length <= 15;
}
