import { useQuery } from "@connectrpc/connect-query";
import { HostService } from "@/gen/penstock/host/v1/host_pb";

// No stream tells that the file was changed for the worse: nothing of the host changes then.
const restMs = 10_000;

/** How the host's configuration file stands, asked for again while the page is seen; undefined when there is none. */
export function useConfigFile() {
  const { data } = useQuery(HostService.method.getHost, {}, {
    // While the host does not answer, contact.ts asks again.
    refetchInterval: (query) => (query.state.status === "error" ? false : restMs),
  });
  return data?.host?.config;
}
