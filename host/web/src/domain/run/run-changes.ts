import { create } from "@bufbuild/protobuf";
import { ListRunsResponseSchema, type ListRunsResponse, type Run, type WatchRunsResponse } from "@/gen/penstock/host/v1/run_pb";

/** A change of a run, with the run. */
export type RunChange = WatchRunsResponse & { run: Run };

/**
 * Applies changes to a page of runs, newest first. Runs that match and are new go to the top of the newest page
 * (newest true); an older page only has its own runs changed. A run that no longer matches leaves the page.
 */
export function applyRunChanges(page: ListRunsResponse, changes: readonly RunChange[], newest: boolean): ListRunsResponse {
  const runs = new Map(page.runs.map((run) => [run.id, run]));
  let changed = false;
  for (const { run, deleted, matches } of changes) {
    if (deleted || !matches) {
      changed = runs.delete(run.id) || changed;
    } else if (runs.has(run.id) || (newest && isAboveEnd(page, run))) {
      runs.set(run.id, run);
      changed = true;
    }
  }
  if (!changed) return page;
  return create(ListRunsResponseSchema, { ...page, runs: [...runs.values()].sort((a, b) => (a.seq < b.seq ? 1 : -1)) });
}

// A run that is older than the page belongs to a later one, unless there is none.
function isAboveEnd(page: ListRunsResponse, run: Run): boolean {
  const last = page.runs.at(-1);
  return page.nextCursor === "" || last === undefined || run.seq > last.seq;
}
