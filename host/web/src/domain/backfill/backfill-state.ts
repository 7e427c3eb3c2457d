import { Ban, CircleCheck, CircleHelp, CircleX, LoaderCircle, OctagonPause } from "lucide-react";
import { BackfillState, type Backfill } from "@/gen/penstock/host/v1/backfill_pb";
import type { StateLook } from "@/ui/badge";

interface BackfillStateData extends StateLook {
  state: BackfillState;
  /** All its runs have ended. */
  final: boolean;
}

const states: readonly BackfillStateData[] = [
  { state: BackfillState.RUNNING, label: "Goes on", tone: "busy", icon: LoaderCircle, turning: true, final: false },
  { state: BackfillState.CANCELING, label: "Canceling", tone: "warn", icon: OctagonPause, final: false },
  { state: BackfillState.SUCCESS, label: "Success", tone: "good", icon: CircleCheck, final: true },
  { state: BackfillState.FAILURE, label: "Failure", tone: "bad", icon: CircleX, final: true },
  { state: BackfillState.CANCELED, label: "Canceled", tone: "calm", icon: Ban, final: true },
];

const unknown: BackfillStateData = { state: BackfillState.UNSPECIFIED, label: "Unknown to this page", tone: "warn", icon: CircleHelp, final: false };

/** All about where a backfill is; a state of a newer host is shown as unknown. */
export function backfillStateData(state: BackfillState): BackfillStateData {
  return states.find((data) => data.state === state) ?? unknown;
}

/** What a backfill is called: its title, or its job and how many partitions it has. */
export function backfillTitle({ request, partitions }: Backfill): string {
  if (request !== undefined && request.title !== "") return request.title;
  return `${request?.job.split("/").at(-1) ?? "A job"}, ${partitions.toLocaleString("en")} ${partitions === 1n ? "partition" : "partitions"}`;
}
