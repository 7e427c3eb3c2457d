import type { JobSnapshot } from "@/gen/penstock/host/v1/history_pb";
import type { SnapshotPair } from "@/domain/paths";

/** Places of the two compared snapshots in a list, newest first; undefined for one that is not listed. */
export interface PairPlaces {
  from: number | undefined;
  to: number | undefined;
}

/**
 * Finds the asked pair among snapshots, newest first. Without an id it is what the host takes: the newest, and the one
 * before the newer. One id may be there twice, when a job changed back: the newer is then the first of them, and the
 * older is the first after that.
 */
export function pairOf(snapshots: readonly JobSnapshot[], { from, to }: SnapshotPair): PairPlaces {
  const newer = to === "" ? 0 : find(snapshots, to, 0);
  const after = (newer ?? -1) + 1;
  const older = from === "" ? (newer === undefined ? undefined : after) : (find(snapshots, from, after) ?? find(snapshots, from, 0));
  return { from: older !== undefined && older < snapshots.length ? older : undefined, to: snapshots.length > 0 ? newer : undefined };
}

/** The pair after one side was chosen: the one that is older is what the other is compared with. */
export function choosePair(snapshots: readonly JobSnapshot[], places: PairPlaces, side: "from" | "to", index: number): SnapshotPair {
  const from = (side === "from" ? index : places.from) ?? index;
  const to = (side === "to" ? index : places.to) ?? index;
  return { from: snapshots[Math.max(from, to)]?.id ?? "", to: snapshots[Math.min(from, to)]?.id ?? "" };
}

// What is asked for may be a beginning of an id.
function find(snapshots: readonly JobSnapshot[], id: string, start: number): number | undefined {
  const index = snapshots.findIndex((snapshot, place) => place >= start && snapshot.id.startsWith(id));
  return index < 0 ? undefined : index;
}
