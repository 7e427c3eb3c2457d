import { ReexecutionStrategy, type Run } from "@/gen/penstock/host/v1/run_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { runStatusData } from "./run-status";

/** One way to execute a run again. */
export interface Reexecuting {
  strategy: ReexecutionStrategy;
  /** As addresses have it. */
  name: string;
  label: string;
  /** What it means, in a sentence. */
  meaning: string;
}

const all: Reexecuting = { strategy: ReexecutionStrategy.ALL, name: "all", label: "All ops", meaning: "Everything that the run was to execute." };

/** Ways to execute a run again. */
export const reexecutings: readonly Reexecuting[] = [
  all,
  {
    strategy: ReexecutionStrategy.FROM_FAILURE,
    name: "from_failure",
    label: "From failure",
    meaning: "What failed, was interrupted or never started, and what comes after it. The outputs of the rest are taken from the run.",
  },
  { strategy: ReexecutionStrategy.SELECTED, name: "selected", label: "Selected ops", meaning: "The ops of an op selection. What they need of others is taken from the run." },
];

/** All about a way to execute a run again; one that this page does not know is as good as all. */
export function reexecutingData(strategy: ReexecutionStrategy): Reexecuting {
  return reexecutings.find((each) => each.strategy === strategy) ?? all;
}

/** The way to execute a run again that an address names; undefined for another name. */
export function reexecutingByName(name: string): ReexecutionStrategy | undefined {
  return reexecutings.find((each) => each.name === name)?.strategy;
}

/** Whether a run can be executed again: only one that is over. */
export function canReexecute(run: Pick<Run, "status">): boolean {
  return runStatusData(run.status).final;
}

/** Whether it makes sense to execute a run again in this way: where nothing failed there is nothing to resume. */
export function makesSense(strategy: ReexecutionStrategy, run: Pick<Run, "status">): boolean {
  return strategy !== ReexecutionStrategy.FROM_FAILURE || run.status === RunStatus.FAILURE || run.status === RunStatus.CANCELED;
}
