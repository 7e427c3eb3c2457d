import type { MessageInitShape } from "@bufbuild/protobuf";
import { createConnectQueryKey, useQuery, useTransport } from "@connectrpc/connect-query";
import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { RunService, type ListRunsResponse } from "@/gen/penstock/host/v1/run_pb";
import type { RunFilterSchema } from "@/gen/penstock/host/v1/runfilter_pb";
import type { RunsView } from "@/domain/paths";
import { applyRunChanges } from "./run-changes";
import { useRunWatch } from "./run-watch";

const pageSize = 25;

/** A page of runs, kept current. */
export function useRunList(view: RunsView) {
  return useRuns(runFilter(view), pageSize, view.cursor);
}

/** The filter of a view, as the host takes it. */
export function runFilter({ tags, job, statuses, codeVersion, snapshot, location }: RunsView): MessageInitShape<typeof RunFilterSchema> {
  return { tags, job, statuses, codeVersion, snapshot, location };
}

/** Runs that match a filter from a cursor on, kept current; pageSize of them at first. */
export function useRuns(filter: MessageInitShape<typeof RunFilterSchema>, pageSize: number, cursor: string) {
  const cache = useQueryClient();
  const input = { filter, pageSize, pageCursor: cursor };
  const key = createConnectQueryKey({ schema: RunService.method.listRuns, transport: useTransport(), input, cardinality: "finite" });
  const query = useQuery(RunService.method.listRuns, input, { staleTime: Infinity, placeholderData: keepPreviousData });
  const list = () => void cache.invalidateQueries({ queryKey: key });
  useRunWatch({
    filter,
    onList: list,
    onChanges: (changes) => {
      const page = cache.getQueryData<ListRunsResponse>(key);
      const next = page === undefined ? undefined : applyRunChanges(page, changes, cursor === "");
      if (next !== undefined) cache.setQueryData(key, next);
      // The newest page grows as runs arrive; when it is long it is listed again, so that its cursor stays right. An
      // answer that set out before these changes must not win over them either.
      if ((next?.runs.length ?? 0) > 2 * pageSize || cache.isFetching({ queryKey: key }) > 0) list();
    },
  });
  return query;
}
