import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectQueryKey, useTransport } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { askAgain } from "@/lib/ask-again";
import { follow } from "@/lib/follow";
import { putAnswer } from "@/lib/put-answer";
import { useValue } from "@/lib/value-store";
import { GetRunResponseSchema, RunService, type StoredEvent, type WatchRunEventsRequestSchema } from "@/gen/penstock/host/v1/run_pb";
import { session } from "@/domain/host/session";
import { runStatusData } from "./run-status";

// Events of this time are shown together.
const batchDelay = 60;
// More than these at once would hold up whoever scrolls or types meanwhile.
const mostAtOnce = 4_000;

/** What takes a run's events, in order. It must be the same for the same run and choice of events. */
export interface EventSink {
  add: (events: readonly StoredEvent[]) => void;
  /** Called when everything stored has been sent and no more comes. */
  finish: () => void;
}

/** Which of a run's events are followed. */
export type EventChoice = Pick<Exclude<MessageInitShape<typeof WatchRunEventsRequestSchema>, { $typeName: string }>, "opPaths" | "kinds" | "withoutKinds">;

/** Follows a run's events until the run is final; the run in the cache is kept current by the way. The error of now is returned. */
export function useFollowedEvents(runId: string, choice: EventChoice, sink: EventSink): unknown {
  const transport = useTransport();
  const cache = useQueryClient();
  const { epoch } = useValue(session);
  const [cursors] = useState(() => new WeakMap<EventSink, string>());
  const [error, setError] = useState<unknown>();
  const wanted = JSON.stringify(choice);
  useEffect(() => {
    const client = createClient(RunService, transport);
    const runKey = createConnectQueryKey({ schema: RunService.method.getRun, transport, input: { id: runId }, cardinality: "finite" });
    const waiting: StoredEvent[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    let final = false;
    let said = false;
    const flush = (most: number) => {
      clearTimeout(timer);
      timer = undefined;
      if (waiting.length > 0) sink.add(waiting.splice(0, most));
      if (waiting.length > 0) timer = setTimeout(() => { flush(most); }, 0);
      else if (said) sink.finish();
    };
    const stop = follow({
      open: (signal) => client.watchRunEvents({ runId, after: cursors.get(sink) ?? "", ...(JSON.parse(wanted) as EventChoice) }, { signal }),
      onMessage: ({ events, cursor, run }) => {
        setError(undefined);
        for (const event of events) waiting.push(event);
        if (cursor !== "") cursors.set(sink, cursor);
        if (run !== undefined) {
          final = runStatusData(run.status).final;
          putAnswer(cache, runKey, create(GetRunResponseSchema, { run }));
        }
        timer ??= setTimeout(() => { flush(mostAtOnce); }, batchDelay);
      },
      onBreak: (broken) => {
        const { code } = ConnectError.from(broken);
        setError(broken);
        return code !== Code.Unauthenticated && code !== Code.NotFound;
      },
      onEnd: () => {
        // The host may end a stream because it stops; a final run's stream ends because all has been said.
        if (!final) return true;
        said = true;
        timer ??= setTimeout(() => { flush(mostAtOnce); }, 0);
        askAgain(cache, runKey);
        return false;
      },
    });
    return () => {
      stop();
      flush(Infinity);
    };
  }, [sink, cursors, wanted, runId, transport, cache, epoch]);
  return error;
}
