import { useQuery } from "@connectrpc/connect-query";
import { StorageService } from "@/gen/penstock/host/v1/storage_pb";
import { isOlderHost } from "./host-error";

// No stream tells that the disk is full, or that there is room again.
const restMs = 15_000;

/** What the host stores and whether it can write; asked for again while the page is seen. */
export function useStorage() {
  return useQuery(StorageService.method.getStorage, {}, {
    retry: false,
    // While the host does not answer, contact.ts asks again.
    refetchInterval: ({ state: { status, error } }) => (status === "error" || isOlderHost(error) ? false : restMs),
  });
}
