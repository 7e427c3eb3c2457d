import type { QueryClient } from "@tanstack/react-query";
import { ValueStore } from "@/lib/value-store";

/** Whether the host has stopped to answer. What is shown may be old then. */
export const hostLost = new ValueStore(false);

/** Notes that a stream broke, and asks again for what failed: the first answer tells that the host is back. */
export function loseHost(cache: QueryClient): void {
  hostLost.set(true);
  retryFailed(cache);
}

/** Notes every answer of the host; call the result to stop. */
export function watchAnswers(cache: QueryClient): () => void {
  return cache.getQueryCache().subscribe((event) => {
    if (event.type === "updated" && event.action.type === "success" && event.action.manual !== true) findHost(cache);
  });
}

/** Notes that the host answers, and asks again for what failed meanwhile. */
export function findHost(cache: QueryClient): void {
  if (!hostLost.get()) return;
  hostLost.set(false);
  retryFailed(cache);
}

function retryFailed(cache: QueryClient): void {
  void cache.refetchQueries({ type: "active", predicate: (query) => query.state.status === "error" });
}
