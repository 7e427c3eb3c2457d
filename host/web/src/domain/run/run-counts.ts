import { createConnectQueryKey, useQuery } from "@connectrpc/connect-query";
import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { RunService } from "@/gen/penstock/host/v1/run_pb";
import { SearchService } from "@/gen/penstock/host/v1/runfilter_pb";
import type { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { askAgain } from "@/lib/ask-again";
import { useThrottled } from "@/lib/throttled";
import { withTerm } from "@/domain/selector/selector-text";
import type { RunSelection } from "./run-list";

// Counting is cheap, but a reader sees no more than this.
const restMs = 1000;

/** How many runs there are of each status. */
export type RunCounts = ReadonlyMap<RunStatus, number>;

/** Exact counts of the runs that are meant, by status, whatever statuses are chosen; undefined until they are known. */
export function useRunCounts({ where, job }: RunSelection): RunCounts | undefined {
  const { data } = useQuery(SearchService.method.countRuns, { filter: { where, job } }, { staleTime: Infinity, placeholderData: keepPreviousData });
  return data === undefined ? undefined : new Map(data.statuses.map(({ status, count }) => [status, Number(count)]));
}

/** The runs of these statuses, or of all when there are none. */
export function sumCounts(counts: RunCounts, statuses: readonly RunStatus[]): number {
  return [...counts].reduce((sum, [status, count]) => (statuses.length === 0 || statuses.includes(status) ? sum + count : sum), 0);
}

/** Has all counts of runs asked for again, at most once a second. */
export function useCountAgain(): () => void {
  const cache = useQueryClient();
  return useThrottled(() => {
    askAgain(cache, createConnectQueryKey({ schema: SearchService.method.countRuns, cardinality: "finite" }));
  }, restMs);
}

/** How many of the runs that are meant were created since this was shown first. */
export function useNewRuns(selection: RunSelection): number {
  const newest = useQuery(RunService.method.listRuns, { filter: selection, pageSize: 1 }, { staleTime: Infinity, gcTime: 0 });
  const created = newest.data?.runs[0]?.createdAt;
  const where = created === undefined ? "" : withTerm(selection.where, `created>${exactTime(created)}`);
  const { data } = useQuery(
    SearchService.method.countRuns,
    { filter: { ...selection, where } },
    { enabled: created !== undefined, staleTime: Infinity, placeholderData: keepPreviousData },
  );
  return Number(data?.total ?? 0);
}

// RFC 3339 with all nine digits: a date of JavaScript has only three.
function exactTime(time: { seconds: bigint; nanos: number }): string {
  const whole = new Date(Number(time.seconds) * 1000).toISOString();
  return `${whole.slice(0, 19)}.${String(time.nanos).padStart(9, "0")}Z`;
}
