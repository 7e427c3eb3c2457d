import { CircleDashed, CircleSlash } from "lucide-react";
import { runStatusData } from "@/domain/run/run-status";
import type { Backfill } from "@/gen/penstock/host/v1/backfill_pb";
import type { StateLook } from "@/ui/badge";

/** How many partitions stand the same way. */
export interface BackfillCount {
  key: string;
  count: number;
  look: StateLook;
}

const notLaunchedLook: StateLook = { label: "Not launched yet", tone: "calm", icon: CircleDashed };
const refusedLook: StateLook = { label: "Could not be launched", tone: "bad", icon: CircleSlash };

/** How the partitions of a backfill stand: what has ended first, what has no run last; without those of which there are none. */
export function backfillCounts({ counts, refused, notLaunched }: Backfill): BackfillCount[] {
  const byStatus = counts.map(({ status, count }) => ({ key: String(status), count: Number(count), look: runStatusData(status), order: runStatusData(status).final ? 0 : 1 }));
  return [
    ...byStatus.sort((a, b) => a.order - b.order),
    { key: "refused", count: Number(refused), look: refusedLook },
    { key: "not launched", count: Number(notLaunched), look: notLaunchedLook },
  ].filter(({ count }) => count > 0);
}

/** How many partitions could be retried: their newest run failed or was canceled, or could not be launched. */
export function failedCount({ counts, refused }: Backfill): number {
  const failed = counts.filter(({ status }) => runStatusData(status).final && runStatusData(status).tone !== "good");
  return failed.reduce((sum, { count }) => sum + Number(count), Number(refused));
}

/** How a partition of a backfill without a run looks. */
export function runlessLook(error: string): StateLook {
  return error === "" ? notLaunchedLook : refusedLook;
}
