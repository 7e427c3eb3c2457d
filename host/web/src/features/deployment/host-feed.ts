import { createConnectQueryKey } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { askAgain } from "@/lib/ask-again";
import { useThrottled } from "@/lib/throttled";
import { useRunWatch } from "@/domain/run/run-watch";
import { HostService } from "@/gen/penstock/host/v1/host_pb";

// The queue's numbers change with each run; asking once in this time is enough for a reader.
const restMs = 1000;

/** Asks for the host's numbers again when runs change, at most once a second. */
export function useHostFeed(): void {
  const cache = useQueryClient();
  const ask = useThrottled(() => {
    askAgain(cache, createConnectQueryKey({ schema: HostService.method.getHost, cardinality: "finite" }));
  }, restMs);
  useRunWatch({ filter: {}, onList: ask, onChanges: ask });
}
