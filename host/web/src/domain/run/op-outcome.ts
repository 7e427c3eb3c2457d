import { Ban, CircleCheck, CircleX, Clock, LoaderCircle, RotateCw, SkipForward } from "lucide-react";
import { Outcome } from "@/gen/penstock/worker/v1/worker_pb";
import type { StateLook } from "@/ui/badge";
import type { OpBar } from "./op-bars";

const waiting: StateLook = { label: "Waiting", tone: "calm", icon: Clock };
const running: StateLook = { label: "Running", tone: "busy", icon: LoaderCircle, turning: true };
const again: StateLook = { label: "Waiting to run again", tone: "warn", icon: RotateCw };
const notRun: StateLook = { label: "Not run", tone: "calm", icon: Clock };
const unended: StateLook = { label: "End unknown", tone: "warn", icon: Clock };
const failed: StateLook = { label: "Failed", tone: "bad", icon: CircleX };

/** How an op of a run stands; over says that the run is final. An outcome of a newer worker is a failure. */
export function opLook(bar: OpBar | undefined, over: boolean): StateLook {
  if (bar === undefined) return over ? notRun : waiting;
  switch (bar.outcome) {
    case undefined:
      if (over) return unended;
      return bar.againMs === undefined ? running : again;
    case Outcome.SUCCESS:
      return { label: "Success", tone: "good", icon: CircleCheck };
    case Outcome.CANCELED:
      return { label: "Canceled", tone: "calm", icon: Ban };
    case Outcome.SKIPPED:
      return { label: "Skipped", tone: "calm", icon: SkipForward };
    case Outcome.FAILURE:
    case Outcome.UNSPECIFIED:
    default:
      return failed;
  }
}
