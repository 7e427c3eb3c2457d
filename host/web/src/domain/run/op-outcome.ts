import { Ban, CircleCheck, CircleX, Clock, LoaderCircle, Recycle, RotateCw, SkipForward } from "lucide-react";
import { Outcome } from "@/gen/penstock/worker/v1/worker_pb";
import type { StateLook } from "@/ui/badge";
import type { OpBar } from "./op-bars";

/** How an op of a run stands. */
export type OpState = "failed" | "unended" | "again" | "running" | "canceled" | "skipped" | "notRun" | "waiting" | "success" | "reused";

/** Every state of an op, in the order in which a reader cares for it. */
export const opStates: readonly OpState[] = ["failed", "unended", "again", "running", "canceled", "skipped", "notRun", "waiting", "success", "reused"];

const looks: Record<OpState, StateLook> = {
  failed: { label: "Failed", tone: "bad", icon: CircleX },
  unended: { label: "End unknown", tone: "warn", icon: Clock },
  again: { label: "Waiting to run again", tone: "warn", icon: RotateCw },
  running: { label: "Running", tone: "busy", icon: LoaderCircle, turning: true },
  canceled: { label: "Canceled", tone: "calm", icon: Ban },
  skipped: { label: "Skipped", tone: "calm", icon: SkipForward },
  notRun: { label: "Not run", tone: "calm", icon: Clock },
  waiting: { label: "Waiting", tone: "calm", icon: Clock },
  success: { label: "Success", tone: "good", icon: CircleCheck },
  reused: { label: "Reused", tone: "good", icon: Recycle },
};

/** How a state is shown. */
export function opStateLook(state: OpState): StateLook {
  return looks[state];
}

/** How an op of a run stands; over says that the run is final. An outcome of a newer worker is a failure. */
export function opState(bar: OpBar | undefined, over: boolean): OpState {
  if (bar === undefined) return over ? "notRun" : "waiting";
  switch (bar.outcome) {
    case undefined:
      if (over) return "unended";
      return bar.againMs === undefined ? "running" : "again";
    case Outcome.SUCCESS:
      return "success";
    case Outcome.REUSED:
      return "reused";
    case Outcome.CANCELED:
      return "canceled";
    case Outcome.SKIPPED:
      return "skipped";
    case Outcome.FAILURE:
    case Outcome.UNSPECIFIED:
    default:
      return "failed";
  }
}

/** Whether an op has ended, well or not. */
export function hasEnded(state: OpState): boolean {
  return ["failed", "canceled", "skipped", "reused", "success"].includes(state);
}
