import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Deferred } from "@/testing/deferred";
import { askAgain } from "./ask-again";

let cache: QueryClient;
beforeEach(() => { cache = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Infinity } } }); });
afterEach(() => { cache.clear(); });

/** A query that is looked at; the answers that were asked for are the test's to give. */
function watch(queryKey: string[]) {
  const answers: Deferred<string>[] = [];
  const observer = new QueryObserver(cache, {
    queryKey,
    queryFn: () => {
      const answer = new Deferred<string>();
      answers.push(answer);
      return answer.promise;
    },
  });
  const stop = observer.subscribe(() => undefined);
  return { answers, stop, data: () => cache.getQueryData(queryKey), status: () => cache.getQueryState(queryKey)?.status };
}

it("asks once more after a first answer that was under way, however often it was called", async () => {
  const list = watch(["list", "a"]);
  askAgain(cache, ["list"]);
  askAgain(cache, ["list", "a"]);
  expect(list.answers).toHaveLength(1);
  list.answers[0]?.resolve("old");
  await vi.waitFor(() => { expect(list.answers).toHaveLength(2); });
  expect(list.data()).toBe("old");
  list.answers[1]?.resolve("new");
  await vi.waitFor(() => { expect(list.data()).toBe("new"); });
  expect(list.answers).toHaveLength(2);
});

it("asks once more after a first answer that failed", async () => {
  const list = watch(["list"]);
  askAgain(cache, ["list"]);
  list.answers[0]?.reject(new Error("no such thing yet"));
  await vi.waitFor(() => { expect(list.answers).toHaveLength(2); });
  list.answers[1]?.resolve("new");
  await vi.waitFor(() => { expect(list.data()).toBe("new"); });
});

it("begins at once for what has an answer, also while a newer one is under way, and leaves others alone", async () => {
  const [list, other] = [watch(["list"]), watch(["other"])];
  for (const { answers } of [list, other]) answers[0]?.resolve("old");
  await vi.waitFor(() => { expect([list.data(), other.data()]).toEqual(["old", "old"]); });
  askAgain(cache, ["list"]);
  expect(list.answers).toHaveLength(2);
  askAgain(cache, ["list"]);
  expect(list.answers).toHaveLength(3);
  list.answers[2]?.resolve("new");
  list.answers[1]?.resolve("old");
  await vi.waitFor(() => { expect(list.data()).toBe("new"); });
  expect(other.answers).toHaveLength(1);
});

it("begins nothing for a query that is gone when its first answer comes", async () => {
  const list = watch(["list"]);
  askAgain(cache, ["list"]);
  list.stop();
  cache.removeQueries({ queryKey: ["list"] });
  list.answers[0]?.resolve("old");
  await Promise.allSettled(list.answers.map(({ promise }) => promise));
  const anew = watch(["list"]);
  anew.answers[0]?.resolve("new");
  await vi.waitFor(() => { expect(anew.data()).toBe("new"); });
  expect([list.answers.length, anew.answers.length]).toEqual([1, 1]);
});
