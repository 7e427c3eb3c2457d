import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";

/** Milliseconds since 1970, with the fraction that the timestamp has; undefined when it is unset. */
export function instantMs(time: Timestamp | undefined): number | undefined {
  if (time === undefined) return undefined;
  return timestampMs({ ...time, nanos: 0 }) + time.nanos / 1e6;
}

const local = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "short",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});

/** Date and time of day in the reader's zone. */
export function formatLocal(ms: number): string {
  return isDate(ms) ? local.format(ms) : "–";
}

/** Time of day with milliseconds in the reader's zone. */
export function formatClock(ms: number): string {
  return isDate(ms) ? clock.format(ms) : "–";
}

/** Date and time of day in UTC, ISO 8601. */
export function formatUtc(ms: number): string {
  return isDate(ms) ? new Date(ms).toISOString() : "–";
}

function isDate(ms: number): boolean {
  return Math.abs(ms) <= 8.64e15;
}
