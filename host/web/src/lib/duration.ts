const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Formats a span of milliseconds with two units at most: "340 ms", "4.2 s", "3 min 5 s", "2 h 4 min", "3 d 2 h". */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  const span = Math.max(0, ms);
  if (span < 10) return `${span.toFixed(span < 0.05 ? 0 : 1)} ms`;
  if (span < SECOND) return `${Math.round(span)} ms`;
  if (span < 60 * SECOND) return `${(Math.floor(span / 100) / 10).toFixed(1)} s`;
  if (span < HOUR) return pair(span, MINUTE, "min", SECOND, "s");
  if (span < DAY) return pair(span, HOUR, "h", MINUTE, "min");
  return pair(span, DAY, "d", HOUR, "h");
}

function pair(span: number, big: number, bigName: string, small: number, smallName: string): string {
  const first = Math.floor(span / big);
  const second = Math.floor((span % big) / small);
  return second === 0 ? `${first} ${bigName}` : `${first} ${bigName} ${second} ${smallName}`;
}

/** Formats how long ago something was: "just now", "12 s ago", "3 min ago", "5 h ago", "2 d ago". */
export function formatAgo(ms: number): string {
  return ms < 5 * SECOND ? "just now" : `${whole(ms)} ago`;
}

/** Formats how long it is until something: "now", "in 12 s", "in 3 min", "in 5 h", "in 2 d". */
export function formatAhead(ms: number): string {
  return ms < SECOND ? "now" : `in ${whole(ms)}`;
}

function whole(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} d`;
}
