import type { MessageInitShape } from "@bufbuild/protobuf";
import { createConnectQueryKey, useQuery, useTransport } from "@connectrpc/connect-query";
import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { askAgain } from "@/lib/ask-again";
import { useThrottled } from "@/lib/throttled";
import { RunService, type ListRunsResponse } from "@/gen/penstock/host/v1/run_pb";
import type { RunFilterSchema } from "@/gen/penstock/host/v1/runfilter_pb";
import type { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import type { RunsView } from "@/domain/paths";
import { applyRunChanges, type RunChange } from "./run-changes";
import { useRunWatch } from "./run-watch";

const pageSize = 25;
// Runs may leave a page many times a second; a reader sees no more than this.
const restMs = 1000;

type FilterInit = MessageInitShape<typeof RunFilterSchema>;

/** Which runs are meant, as the host takes it. */
export interface RunSelection {
  /** Selector; empty for all. */
  where: string;
  /** One of these; none for all. */
  statuses: RunStatus[];
  /** Job, as it is named; empty for all. */
  job: string;
}

/** The runs of a view; of one job only, when it is not empty. */
export function selectionOf({ where, statuses }: RunsView, job = ""): RunSelection {
  return { where, statuses, job };
}

/** A page of runs, kept current. onChange is called whenever a run comes, goes or changes, whatever its status. */
export function useRunPage(selection: RunSelection, cursor: string, onChange: () => void) {
  return useRuns(selection, pageSize, cursor, onChange);
}

/** Runs from a cursor on, kept current; pageSize of them at first. */
export function useRuns(selection: RunSelection, pageSize: number, cursor: string, onChange?: () => void) {
  const cache = useQueryClient();
  const input = { filter: selection satisfies FilterInit, pageSize, pageCursor: cursor };
  const key = createConnectQueryKey({ schema: RunService.method.listRuns, transport: useTransport(), input, cardinality: "finite" });
  const query = useQuery(RunService.method.listRuns, input, { staleTime: Infinity, placeholderData: keepPreviousData });
  const list = () => { askAgain(cache, key); };
  const fill = useThrottled(list, restMs);
  const { statuses } = selection;
  const isMeant = (change: RunChange) => ({ ...change, matches: change.matches && (statuses.length === 0 || statuses.includes(change.run.status)) });
  useRunWatch({
    // Of every status where the counts of all of them are beside the page: one stream is enough for both.
    filter: onChange === undefined ? selection : { ...selection, statuses: [] },
    onList: () => {
      list();
      onChange?.();
    },
    onChanges: (changes) => {
      onChange?.();
      const page = cache.getQueryData<ListRunsResponse>(key);
      const next = page === undefined ? undefined : applyRunChanges(page, changes.map(isMeant), cursor === "");
      if (next !== undefined) cache.setQueryData(key, next);
      // The newest page grows as runs arrive; when it is long it is listed again, so that its cursor stays right. An
      // answer that set out before these changes must not win over them either.
      if ((next?.runs.length ?? 0) > 2 * pageSize || cache.isFetching({ queryKey: key }) > 0) list();
      // What comes after a page moves up into it when runs leave it.
      else if (next !== undefined && next.nextCursor !== "" && next.runs.length < pageSize) fill();
    },
  });
  return query;
}
