import { Ban, CircleCheck, CircleDot, CircleHelp, CircleX, Clock, Hourglass, LoaderCircle, OctagonPause } from "lucide-react";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import type { StateLook } from "@/ui/badge";

interface StatusData extends StateLook {
  status: RunStatus;
  /** The name on the wire, in addresses and on the command line. */
  name: string;
  /** Never changes again. */
  final: boolean;
  /** Takes a slot of the queue. */
  inProgress: boolean;
  /** May be asked to end. */
  cancelable: boolean;
}

const queue = { final: false, inProgress: false, cancelable: true };
const progress = { final: false, inProgress: true, cancelable: true };
const final = { final: true, inProgress: false, cancelable: false };

/** Every status of a run, in the order of a run's life. */
export const runStatuses: readonly StatusData[] = [
  { status: RunStatus.QUEUED, name: "QUEUED", label: "Queued", tone: "calm", icon: Clock, ...queue },
  { status: RunStatus.WAITING_FOR_CODE, name: "WAITING_FOR_CODE", label: "Waiting for code", tone: "warn", icon: Hourglass, ...queue },
  { status: RunStatus.STARTING, name: "STARTING", label: "Starting", tone: "busy", icon: CircleDot, ...progress },
  { status: RunStatus.STARTED, name: "STARTED", label: "Running", tone: "busy", icon: LoaderCircle, turning: true, ...progress },
  { status: RunStatus.CANCELING, name: "CANCELING", label: "Canceling", tone: "warn", icon: OctagonPause, ...progress },
  { status: RunStatus.SUCCESS, name: "SUCCESS", label: "Success", tone: "good", icon: CircleCheck, ...final },
  { status: RunStatus.FAILURE, name: "FAILURE", label: "Failure", tone: "bad", icon: CircleX, ...final },
  { status: RunStatus.CANCELED, name: "CANCELED", label: "Canceled", tone: "calm", icon: Ban, ...final },
];

const unknown: StatusData = {
  status: RunStatus.UNSPECIFIED,
  name: "UNKNOWN",
  label: "Unknown to this page",
  tone: "warn",
  icon: CircleHelp,
  final: false,
  inProgress: false,
  cancelable: true,
};

/** A part of all runs that people look for together. */
export interface RunTab {
  label: string;
  /** What is in it, in a sentence. */
  title: string;
  /** Empty for all. */
  statuses: RunStatus[];
}

const those = (is: (data: StatusData) => boolean) => runStatuses.filter(is).map((data) => data.status);

/** Parts of all runs, in the order of a run's life. Every status but the failed ones is in one of them; those are done, too. */
export const runTabs: readonly RunTab[] = [
  { label: "All", title: "Every run", statuses: [] },
  { label: "Queued", title: "Runs that wait: in the queue, or for their code", statuses: those((data) => !data.final && !data.inProgress) },
  { label: "In progress", title: "Runs whose worker is there", statuses: those((data) => data.inProgress) },
  { label: "Done", title: "Runs that are over, however they ended", statuses: those((data) => data.final) },
  { label: "Failed", title: "Runs that ended badly", statuses: those((data) => data.tone === "bad") },
];

/** Whether two lists hold the same statuses. */
export function sameStatuses(a: readonly RunStatus[], b: readonly RunStatus[]): boolean {
  return a.length === b.length && a.every((status) => b.includes(status));
}

/** All about a status; a status of a newer host is shown as unknown. */
export function runStatusData(status: RunStatus): StatusData {
  return runStatuses.find((data) => data.status === status) ?? unknown;
}

/** The status with a name; undefined when there is none. */
export function runStatusByName(name: string): RunStatus | undefined {
  return runStatuses.find((data) => data.name === name.toUpperCase())?.status;
}
