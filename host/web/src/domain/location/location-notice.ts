import { ValueStore } from "@/lib/value-store";
import { hex } from "@/lib/bytes";
import type { Location } from "@/gen/penstock/host/v1/location_pb";

/** Tells the reader that a location is another than before. */
export interface LocationNotice {
  location: string;
  text: string;
}

/** What was updated since the reader last put it away; one per location, newest last. */
export const locationNotices = new ValueStore<readonly LocationNotice[]>([]);

/** Puts a notice away. */
export function dismissNotice(location: string): void {
  locationNotices.set(locationNotices.get().filter((notice) => notice.location !== location));
}

/** Adds a notice in place of an older one of its location. */
export function addNotice(notice: LocationNotice): void {
  locationNotices.set([...locationNotices.get().filter((other) => other.location !== notice.location), notice]);
}

/** Whether what the host shows of the location's jobs may be another now. */
export function jobsMayDiffer(before: Location | undefined, after: Location): boolean {
  return before?.state !== after.state || identity(before) !== identity(after);
}

/** What an update changed, for people; undefined when it was none. A location that comes and goes is not updated. */
export function updateText(before: Location | undefined, after: Location): string | undefined {
  if (before?.server === undefined || after.server === undefined) return undefined;
  if (before.server.definitionsDigest.length === 0 || identity(before) === identity(after)) return undefined;
  const changes = [
    change("code version", before.server.build?.codeVersion, after.server.build?.codeVersion),
    change("protocol", before.server.protocolVersion, after.server.protocolVersion),
    change("SDK", before.server.sdk?.version, after.server.sdk?.version),
  ].filter((text) => text !== undefined);
  return changes.length === 0 ? "its definitions changed" : changes.join(", ");
}

function change(what: string, before = "", after = ""): string | undefined {
  if (before === after) return undefined;
  return `${what} ${before === "" ? "none" : before} → ${after === "" ? "none" : after}`;
}

function identity(location: Location): string {
  const server = location.server;
  return JSON.stringify([
    server === undefined ? "" : hex(server.definitionsDigest),
    server?.protocolVersion,
    server?.sdk?.version,
    server?.build?.codeVersion,
    location.capabilities.map((decision) => [decision.capability, decision.state, decision.refusal?.code]),
  ]);
}
