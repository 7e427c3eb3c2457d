import type { Query, QueryClient, QueryKey } from "@tanstack/react-query";

// First answers that are waited for already.
const awaited = new WeakSet<Promise<unknown>>();

/**
 * Has what is cached under a key asked for again, because an answer that set out before now may be old. Invalidating alone
 * begins no fetch anew that is a query's first and under way: that one is waited for, however it ends, and asked for after it.
 */
export function askAgain(cache: QueryClient, queryKey: QueryKey): void {
  const first = new Map(cache.getQueryCache().findAll({ queryKey }).map((query) => [query, firstAnswer(query)]));
  for (const [query, answer] of first) {
    if (answer === undefined || awaited.has(answer)) continue;
    awaited.add(answer);
    const again = () => void cache.invalidateQueries({ queryKey: query.queryKey, exact: true });
    answer.then(again, again);
  }
  void cache.invalidateQueries({ queryKey, predicate: (query) => first.get(query) === undefined });
}

function firstAnswer({ state, promise }: Query): Promise<unknown> | undefined {
  return state.fetchStatus === "fetching" && state.data === undefined ? promise : undefined;
}
