import { createConnectQueryKey, useQuery, useTransport } from "@connectrpc/connect-query";
import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { RunService, type ListRunsResponse } from "@/gen/penstock/host/v1/run_pb";
import type { RunsView } from "@/domain/paths";
import { applyRunChanges } from "./run-changes";
import { useRunWatch } from "./run-watch";

const pageSize = 25;
// The newest page grows as runs arrive; beyond this it is listed again, so that it stays short and its cursor right.
const longestPage = 2 * pageSize;

/** A page of runs, kept current. */
export function useRunList(view: RunsView) {
  const cache = useQueryClient();
  const filter = { tags: view.tags, job: view.job, statuses: view.statuses };
  const input = { filter, pageSize, pageCursor: view.cursor };
  const key = createConnectQueryKey({ schema: RunService.method.listRuns, transport: useTransport(), input, cardinality: "finite" });
  const query = useQuery(RunService.method.listRuns, input, { staleTime: Infinity, placeholderData: keepPreviousData });
  const list = () => void cache.invalidateQueries({ queryKey: key });
  useRunWatch({
    filter,
    onList: list,
    onChanges: (changes) => {
      const page = cache.getQueryData<ListRunsResponse>(key);
      const next = page === undefined ? undefined : applyRunChanges(page, changes, view.cursor === "");
      if (next !== undefined) cache.setQueryData(key, next);
      // An answer that set out before these changes must not win over them.
      if ((next?.runs.length ?? 0) > longestPage || cache.isFetching({ queryKey: key }) > 0) list();
    },
  });
  return query;
}
