import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectQueryKey, useQuery, useTransport } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { BulkService, GetBulkResponseSchema } from "@/gen/penstock/host/v1/bulk_pb";
import { follow } from "@/lib/follow";
import { putAnswer } from "@/lib/put-answer";
import { useValue } from "@/lib/value-store";
import { session } from "@/domain/host/session";
import { goesOn } from "./bulk-action";

/** An action on many runs, followed until it has ended. */
export function useBulk(id: string) {
  const transport = useTransport();
  const cache = useQueryClient();
  const { epoch } = useValue(session);
  useEffect(() => {
    const queryKey = createConnectQueryKey({ schema: BulkService.method.getBulk, transport, input: { id }, cardinality: "finite" });
    let ended = false;
    return follow({
      open: (signal) => createClient(BulkService, transport).watchBulk({ id }, { signal }),
      onMessage: ({ bulk }) => {
        if (bulk === undefined) return;
        ended = !goesOn(bulk);
        putAnswer(cache, queryKey, create(GetBulkResponseSchema, { bulk }));
      },
      onBreak: (error) => {
        const { code } = ConnectError.from(error);
        return code !== Code.Unauthenticated && code !== Code.NotFound && code !== Code.Unimplemented;
      },
      // The host may end a stream because it stops.
      onEnd: () => !ended,
    });
  }, [id, transport, cache, epoch]);
  const { data, error } = useQuery(BulkService.method.getBulk, { id }, { staleTime: Infinity });
  return { bulk: data?.bulk, error };
}
