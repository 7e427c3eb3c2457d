import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectQueryKey, useInfiniteQuery, useQuery, useTransport } from "@connectrpc/connect-query";
import { useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { useEffect, useEffectEvent } from "react";
import { BackfillService, GetBackfillResponseSchema, type Backfill, type ListBackfillsResponse } from "@/gen/penstock/host/v1/backfill_pb";
import { askAgain } from "@/lib/ask-again";
import { follow } from "@/lib/follow";
import { putAnswer } from "@/lib/put-answer";
import { useThrottled } from "@/lib/throttled";
import { useValue } from "@/lib/value-store";
import { session } from "@/domain/host/session";

const pageSize = 25;

/** Backfills of a job, or of all for an empty one, newest first, page by page. */
export function useBackfills(job: string) {
  return useInfiniteQuery(BackfillService.method.listBackfills, { job, pageSize, pageCursor: "" }, {
    pageParamKey: "pageCursor",
    getNextPageParam: (page) => (page.nextCursor === "" ? undefined : page.nextCursor),
    staleTime: Infinity,
  });
}

/** One backfill. */
export function useBackfill(id: string) {
  return useQuery(BackfillService.method.getBackfill, { id }, { staleTime: Infinity });
}

/** Keeps what is known of all backfills, or of one, current while the component is there. */
export function useBackfillFeed(id = ""): void {
  const transport = useTransport();
  const cache = useQueryClient();
  const { epoch } = useValue(session);
  const lists = createConnectQueryKey({ schema: BackfillService.method.listBackfills, cardinality: "infinite" });
  const partitions = createConnectQueryKey({ schema: BackfillService.method.listBackfillPartitions, cardinality: "infinite" });
  const all = useEffectEvent(() => {
    askAgain(cache, lists);
    askAgain(cache, createConnectQueryKey({ schema: BackfillService.method.getBackfill, cardinality: "finite" }));
    askAgain(cache, partitions);
  });
  const partitionsAgain = useThrottled(() => { askAgain(cache, partitions); }, 2_000);
  const listAgain = useThrottled(() => { askAgain(cache, lists); }, 1_000);
  const apply = useEffectEvent((backfill: Backfill) => {
    // Asked for by the beginning of its id, it is kept under that.
    const input = id === "" ? backfill.id : id;
    putAnswer(cache, createConnectQueryKey({ schema: BackfillService.method.getBackfill, transport, input: { id: input }, cardinality: "finite" }), create(GetBackfillResponseSchema, { backfill }));
    const known = cache.getQueriesData<InfiniteData<ListBackfillsResponse>>({ queryKey: lists }).some(([, list]) => list?.pages.some((page) => page.backfills.some((each) => each.id === backfill.id)) === true);
    if (!known || cache.isFetching({ queryKey: lists }) > 0) listAgain();
    else cache.setQueriesData<InfiniteData<ListBackfillsResponse>>({ queryKey: lists }, (list) => replace(list, backfill));
    partitionsAgain();
  });
  useEffect(
    () =>
      follow({
        open: (signal) => createClient(BackfillService, transport).watchBackfills({ id }, { signal }),
        onMessage: ({ backfill }) => {
          if (backfill === undefined) all();
          else apply(backfill);
        },
        onBreak: (error) => {
          const { code } = ConnectError.from(error);
          return code !== Code.Unauthenticated && code !== Code.Unimplemented && code !== Code.NotFound;
        },
      }),
    [transport, epoch, id],
  );
}

function replace(list: InfiniteData<ListBackfillsResponse> | undefined, backfill: Backfill) {
  if (list === undefined) return list;
  return { ...list, pages: list.pages.map((page) => ({ ...page, backfills: page.backfills.map((each) => (each.id === backfill.id ? backfill : each)) })) };
}
