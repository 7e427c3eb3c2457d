import { createConnectQueryKey, createQueryOptions, useTransport } from "@connectrpc/connect-query";
import { useQueries, useQueryClient } from "@tanstack/react-query";
import { PartitionService, type PartitionStatus } from "@/gen/penstock/host/v1/partition_pb";
import { askAgain } from "@/lib/ask-again";
import { useThrottled } from "@/lib/throttled";
import { fieldTerm } from "@/domain/selector/selector-text";
import { useRunWatch } from "@/domain/run/run-watch";

// So many keys the host answers for at once.
const mostKeys = 500;
const mostRows = 50;

/** How partitions stand, by their whole keys. */
export interface PartitionGrid {
  byKey: ReadonlyMap<string, PartitionStatus>;
  /** Ops of the job, in the order of each partition's. */
  ops: readonly string[];
  error: Error | null;
}

/** How the partitions of the rows from one to another stand, asked for in parts and kept current. A row has the same number of keys as each other. */
export function usePartitionGrid(job: string, rows: readonly string[][], from: number, to: number, withoutOps: boolean): PartitionGrid {
  const transport = useTransport();
  const cache = useQueryClient();
  const size = Math.max(1, Math.min(mostRows, Math.floor(mostKeys / Math.max(1, rows[0]?.length ?? 1))));
  const parts: string[][] = [];
  for (let part = Math.floor(from / size); part * size <= to && part * size < rows.length; part++) parts.push(rows.slice(part * size, (part + 1) * size).flat());
  const answers = useQueries({
    queries: parts.map((keys) => ({ ...createQueryOptions(PartitionService.method.getPartitionGrid, { job, keys, withoutOps }, { transport }), staleTime: 30_000 })),
  });
  const again = useThrottled(() => { askAgain(cache, createConnectQueryKey({ schema: PartitionService.method.getPartitionGrid, cardinality: "finite" })); }, 1_000);
  useRunWatch({ filter: { where: fieldTerm("job", job) }, onList: again, onChanges: again });
  const byKey = new Map(answers.flatMap(({ data }) => data?.partitions ?? []).map((partition) => [partition.key, partition]));
  return { byKey, ops: answers.find(({ data }) => data !== undefined)?.data?.ops ?? [], error: answers.find(({ error }) => error !== null)?.error ?? null };
}
