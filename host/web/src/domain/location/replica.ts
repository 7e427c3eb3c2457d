import { hex } from "@/lib/bytes";
import { instantMs } from "@/lib/instant";
import type { Location, Replica } from "@/gen/penstock/host/v1/location_pb";
import type { ServerInfo } from "@/gen/penstock/usercode/v1/server_info_pb";

/**
 * The report that belongs to the definitions in use. Of several replicas with that report it is the one that was seen
 * last for the first time, so that it does not change from answer to answer while two builds of the same definitions run.
 */
export function serverInUse({ replicas, server }: Location): ServerInfo | undefined {
  const inUse = replicas.filter((replica) => replica.inUse && replica.server !== undefined);
  const newest = inUse.reduce<Replica | undefined>((best, each) => (best === undefined || firstSeen(each) > firstSeen(best) ? each : best), undefined);
  return newest?.server ?? server;
}

function firstSeen(replica: Replica): number {
  return instantMs(replica.firstSeenAt) ?? 0;
}

/** Digest of the definitions in use, in hex; empty when there are none. */
export function digestInUse(location: Location): string {
  return hex(location.definitionsDigest.length > 0 ? location.definitionsDigest : (serverInUse(location)?.definitionsDigest ?? new Uint8Array()));
}

/** What a replica is called where there is no room for its whole id. */
export function shortServerId(id: string): string {
  return id.slice(0, 8);
}

/** The code versions that replicas answer with, each once, the one in use first; a nameless one is "unnamed". */
export function codeVersions({ replicas }: Location): { version: string; inUse: boolean }[] {
  const versions = new Map<string, boolean>();
  for (const { server, inUse } of replicas) {
    const version = server?.build?.codeVersion ?? "";
    const name = version === "" ? "unnamed" : version;
    versions.set(name, (versions.get(name) ?? false) || inUse);
  }
  return [...versions].map(([version, inUse]) => ({ version, inUse })).sort((a, b) => Number(b.inUse) - Number(a.inUse));
}

/** Whether every server that answers has what is in use. What another one said still counts for a while after it has gone. */
export function onlyInUse({ replicas }: Location): boolean {
  return replicas.length > 0 && replicas.every((replica) => replica.inUse);
}
