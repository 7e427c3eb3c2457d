import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, it } from "vitest";
import { Deferred } from "@/testing/deferred";
import { putAnswer } from "./put-answer";

it("wins over an answer that is under way, the first one and a later one", async () => {
  const cache = new QueryClient();
  const answers: Deferred<object>[] = [];
  const queryFn = () => {
    const answer = new Deferred<object>();
    answers.push(answer);
    return answer.promise;
  };
  const observer = new QueryObserver(cache, { queryKey: ["run"], queryFn, staleTime: Infinity });
  const stop = observer.subscribe(() => undefined);
  for (const status of ["started", "done"]) {
    putAnswer(cache, ["run"], { status });
    answers.at(-1)?.resolve({ status: "queued" });
    await Promise.allSettled(answers.map(({ promise }) => promise));
    expect(observer.getCurrentResult()).toMatchObject({ status: "success", fetchStatus: "idle", data: { status } });
    void observer.refetch();
  }
  expect(answers).toHaveLength(3);
  stop();
  cache.clear();
});
