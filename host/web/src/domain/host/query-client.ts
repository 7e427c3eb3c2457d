import { Code, ConnectError } from "@connectrpc/connect";
import { QueryClient } from "@tanstack/react-query";

const attempts = 3;

/** The cache of what the host said. Streams keep it current, so an answer stays good for a while. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        refetchOnWindowFocus: true,
        retry: (failures, error) => failures < attempts && ConnectError.from(error).code === Code.Unavailable,
        retryDelay: (failures) => Math.min(500 * 2 ** failures, 5_000),
      },
    },
  });
}
