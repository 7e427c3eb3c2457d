import { useInfiniteQuery } from "@connectrpc/connect-query";
import { BulkService } from "@/gen/penstock/host/v1/bulk_pb";
import { goesOn } from "./bulk-action";

const pageSize = 25;
// There is no stream of all actions, and one for each would take a browser's connections.
const restMs = 3_000;
const longRestMs = 30_000;

/** All actions on many runs, newest first, page by page; asked for again while one goes on. */
export function useBulks() {
  return useInfiniteQuery(BulkService.method.listBulks, { pageSize, pageCursor: "" }, {
    pageParamKey: "pageCursor",
    getNextPageParam: (page) => (page.nextCursor === "" ? undefined : page.nextCursor),
    refetchInterval: ({ state: { data, status } }) => {
      // While the host does not answer, contact.ts asks again.
      if (data === undefined || status === "error") return false;
      return data.pages.some((page) => page.bulks.some(goesOn)) ? restMs : longRestMs;
    },
  });
}
