import type { QueryClient, QueryKey } from "@tanstack/react-query";

/** Shows what a stream says, which says all that comes later too: an answer that is under way is dropped, since it may be older. */
export function putAnswer(cache: QueryClient, queryKey: QueryKey, answer: object): void {
  void cache.cancelQueries({ queryKey, exact: true });
  cache.setQueryData(queryKey, answer);
}
