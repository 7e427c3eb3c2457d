import { useInfiniteQuery } from "@connectrpc/connect-query";
import { keepPreviousData } from "@tanstack/react-query";
import { PartitionService } from "@/gen/penstock/host/v1/partition_pb";

interface KeysAsked {
  job: string;
  dimension: string;
  prefix: string;
  newestFirst: boolean;
  pageSize: number;
  enabled?: boolean;
}

/** Keys of a dimension of a job's partitions, page by page. */
export function usePartitionKeys({ enabled = true, ...asked }: KeysAsked) {
  return useInfiniteQuery(PartitionService.method.listPartitions, { ...asked, pageCursor: "" }, {
    pageParamKey: "pageCursor",
    getNextPageParam: (page) => (page.nextCursor === "" ? undefined : page.nextCursor),
    placeholderData: keepPreviousData,
    enabled,
    // New spans of time end by themselves, and no stream tells of them.
    staleTime: 30_000,
  });
}
