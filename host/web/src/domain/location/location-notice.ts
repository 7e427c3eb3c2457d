import { ValueStore } from "@/lib/value-store";
import type { Location } from "@/gen/penstock/host/v1/location_pb";
import { FeatureState } from "@/gen/penstock/host/v1/refusal_pb";
import { digestInUse, serverInUse } from "./replica";

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
  if (before === undefined || identity(before) === identity(after)) return undefined;
  const [old, now] = [serverInUse(before), serverInUse(after)];
  if (old === undefined || now === undefined || digestInUse(before) === "") return undefined;
  const changes = [
    change("code version", old.build?.codeVersion, now.build?.codeVersion),
    change("protocol", old.protocolVersion, now.protocolVersion),
    change("SDK", old.sdk?.version, now.sdk?.version),
    change("jobs", String(countJobs(before)), String(countJobs(after))),
  ].filter((text) => text !== undefined);
  if (changes.length > 0) return changes.join(", ");
  return digestInUse(before) === digestInUse(after) ? "what it may do on this host changed" : "its definitions changed";
}

function countJobs({ repositories }: Location): number {
  return repositories.reduce((sum, repository) => sum + repository.jobs, 0);
}

function change(what: string, before = "", after = ""): string | undefined {
  if (before === after) return undefined;
  return `${what} ${before === "" ? "none" : before} → ${after === "" ? "none" : after}`;
}

function identity(location: Location): string {
  const server = serverInUse(location);
  return JSON.stringify([
    digestInUse(location),
    server?.protocolVersion,
    server?.sdk?.version,
    server?.build?.codeVersion,
    // A capability that is stale for a while is the same as before.
    location.capabilities.map(({ capability, state, refusal }) => [capability, state === FeatureState.REFUSED ? refusal?.code : ""]),
  ]);
}
