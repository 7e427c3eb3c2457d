import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import type { JobName } from "@/gen/penstock/host/v1/job_pb";
import { formatJobName } from "@/domain/job/job-name";
import { instantMs } from "@/lib/instant";
import { useRuns, type RunSelection } from "./run-list";

// As many as one answer holds. More are counted as "more than".
const most = 1000;

/** Runs that wait for their code. */
export interface WaitingRuns {
  runs: Run[];
  /** Set when there are more than those. */
  more: boolean;
}

/** The runs of one job that wait for its code. */
export interface WaitingJob {
  job: JobName;
  /** Ids of the runs. */
  ids: string[];
  /** Why they wait, each reason once, that of the newest run first. */
  reasons: string[];
  /** Since when the one that waits longest does, in milliseconds; undefined when that is not known. */
  sinceMs: number | undefined;
}

/** Runs that wait for their code, kept current: all of them, or those of a selection. */
export function useWaitingRuns({ where = "", job = "" }: Partial<RunSelection> = {}): WaitingRuns {
  const { data } = useRuns({ where, job, statuses: [RunStatus.WAITING_FOR_CODE] }, most, "");
  return { runs: data?.runs ?? [], more: (data?.nextCursor ?? "") !== "" };
}

/** Waiting runs by their jobs, in the order of names. */
export function waitingJobs(runs: readonly Run[]): WaitingJob[] {
  const jobs = new Map<string, WaitingJob>();
  for (const { id, job, statusReason, waitingSince } of runs) {
    if (job === undefined) continue;
    const name = formatJobName(job);
    const entry = jobs.get(name) ?? { job, ids: [], reasons: [], sinceMs: undefined };
    const since = instantMs(waitingSince);
    entry.ids.push(id);
    if (statusReason !== "" && !entry.reasons.includes(statusReason)) entry.reasons.push(statusReason);
    if (since !== undefined) entry.sinceMs = Math.min(since, entry.sinceMs ?? since);
    jobs.set(name, entry);
  }
  return [...jobs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}
