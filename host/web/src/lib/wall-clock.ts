/** Date and time of day on the clock of a zone, with the zone's name; undefined for a zone that this browser does not know. */
export function formatWall(ms: number, zone: string): string | undefined {
  try {
    return new Intl.DateTimeFormat(undefined, { timeZone: zone, year: "numeric", month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZoneName: "short" }).format(ms);
  } catch {
    return undefined;
  }
}
