import type { QueryClient, QueryKey } from "@tanstack/react-query";

/** Shows what the host has said otherwise, by a stream or after a change. An answer that is under way is older and dropped. */
export function putAnswer(cache: QueryClient, queryKey: QueryKey, answer: object): void {
  void cache.cancelQueries({ queryKey, exact: true });
  cache.setQueryData(queryKey, answer);
}
