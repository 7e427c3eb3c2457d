import type { Run } from "@/gen/penstock/host/v1/run_pb";

const parentKey = "penstock/parent_run";
const numberKey = "penstock/retry_number";
const resumeKey = "penstock/resume";

/** Tags that say what a run's lineage says in words. */
export const lineageTags: ReadonlySet<string> = new Set([parentKey, "penstock/root_run", numberKey, resumeKey]);

/** What a run is of another: an automatic retry, or a re-execution that somebody asked for. */
export interface Lineage {
  parent: string;
  /** First run of the chain. */
  root: string;
  /** "Retry 2", "Re-execution"; with "from failure" when it takes what its parent has done well. */
  label: string;
  /** Set for an automatic retry. */
  retry: boolean;
}

/** What a run is of another; undefined when it is the first of its chain. */
export function lineageOf(run: Pick<Run, "parentRun" | "rootRun" | "tags">): Lineage | undefined {
  if (run.parentRun === "") return undefined;
  const value = (key: string) => run.tags.find((tag) => tag.key === key)?.value ?? "";
  const number = value(numberKey);
  const resumed = value(resumeKey) === "from_failure";
  const what = number === "" ? "Re-execution" : `Retry ${number}`;
  return { parent: run.parentRun, root: run.rootRun === "" ? run.parentRun : run.rootRun, label: resumed ? `${what} from failure` : what, retry: number !== "" };
}

/** The tag by which the children of a run are found. */
export function childTag(id: string): { key: string; value: string } {
  return { key: parentKey, value: id };
}
