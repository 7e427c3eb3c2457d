import { CircleCheck, CircleHelp, CircleX, SkipForward } from "lucide-react";
import { TickStatus } from "@/gen/penstock/host/v1/automation_pb";
import type { StateLook } from "@/ui/badge";

interface TickStatusData extends StateLook {
  status: TickStatus;
  /** The name in addresses and on the command line. */
  name: string;
}

/** How a tick may go. */
export const tickStatuses: readonly TickStatusData[] = [
  { status: TickStatus.SUCCESS, name: "success", label: "Success", tone: "good", icon: CircleCheck },
  { status: TickStatus.SKIPPED, name: "skipped", label: "Skipped", tone: "calm", icon: SkipForward },
  { status: TickStatus.FAILURE, name: "failure", label: "Failure", tone: "bad", icon: CircleX },
];

const unknown: TickStatusData = { status: TickStatus.UNSPECIFIED, name: "unknown", label: "Unknown to this page", tone: "warn", icon: CircleHelp };

/** All about a status; one of a newer host is shown as unknown. */
export function tickStatusData(status: TickStatus): TickStatusData {
  return tickStatuses.find((data) => data.status === status) ?? unknown;
}

/** The statuses with these names; what is none is left out. */
export function tickStatusesByName(names: readonly string[]): TickStatus[] {
  return tickStatuses.filter((data) => names.includes(data.name)).map((data) => data.status);
}
