import { CircleCheck, CircleSlash, LoaderCircle, TriangleAlert } from "lucide-react";
import { BulkState, type Bulk } from "@/gen/penstock/host/v1/bulk_pb";
import type { StateLook } from "@/ui/badge";
import { goesOn } from "./bulk-action";

const running: StateLook = { label: "Goes on", tone: "busy", icon: LoaderCircle, turning: true };
const stopped: StateLook = { label: "Stopped", tone: "calm", icon: CircleSlash };
const done: StateLook = { label: "Done", tone: "good", icon: CircleCheck };
const refused: StateLook = { label: "Done, with errors", tone: "warn", icon: TriangleAlert };

/** How the state of an action is shown. */
export function bulkLook(bulk: Bulk): StateLook {
  if (goesOn(bulk)) return running;
  if (bulk.state === BulkState.STOPPED) return stopped;
  return bulk.failed > 0n || bulk.error !== "" ? refused : done;
}
