// The first twelve digits of an id are its time to the millisecond: what tells runs apart, and what GetRun finds them by.
const shortLength = 13;

/** A run's id, short enough for a table. */
export function shortRunId(id: string): string {
  return id.slice(0, shortLength);
}

/** Whether a text may be an id or the beginning of one. */
export function looksLikeRunId(text: string): boolean {
  return /^[0-9a-f]{4,8}(-[0-9a-f]{0,4}){0,3}(-[0-9a-f]{0,12})?$/.test(text);
}
