import type { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { Badge } from "@/ui/badge";
import { runStatusData } from "./run-status";

/** A run's status as icon and word. */
export function RunStatusBadge({ status }: { status: RunStatus }) {
  return <Badge look={runStatusData(status)} />;
}
