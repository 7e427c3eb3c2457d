import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectQueryKey, useTransport } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";
import { follow } from "@/lib/follow";
import { useValue } from "@/lib/value-store";
import { GetRunResponseSchema, RunService, type StoredEvent } from "@/gen/penstock/host/v1/run_pb";
import { session } from "@/domain/host/session";
import { EventLog } from "./event-log";
import { runStatusData } from "./run-status";

// Events of this time are shown together.
const batchDelay = 60;

/** A run's events, followed until the run is final; the run in the cache is kept current by the way. */
export function useEventLog(runId: string) {
  const [log] = useState(() => new EventLog());
  const view = useSyncExternalStore(log.subscribe, log.get);
  const transport = useTransport();
  const cache = useQueryClient();
  const { epoch } = useValue(session);
  const [cursor] = useState({ after: "" });
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    const client = createClient(RunService, transport);
    const runKey = createConnectQueryKey({ schema: RunService.method.getRun, transport, input: { id: runId }, cardinality: "finite" });
    let waiting: StoredEvent[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    let final = false;
    const flush = () => {
      clearTimeout(timer);
      timer = undefined;
      if (waiting.length > 0) log.add(waiting);
      waiting = [];
    };
    const stop = follow({
      open: (signal) => client.watchRunEvents({ runId, after: cursor.after }, { signal }),
      onMessage: ({ events, cursor: next, run }) => {
        setError(undefined);
        for (const event of events) waiting.push(event);
        if (next !== "") cursor.after = next;
        if (run !== undefined) {
          final = runStatusData(run.status).final;
          cache.setQueryData(runKey, create(GetRunResponseSchema, { run }));
        }
        timer ??= setTimeout(flush, batchDelay);
      },
      onBreak: (broken) => {
        const { code } = ConnectError.from(broken);
        setError(broken);
        return code !== Code.Unauthenticated && code !== Code.NotFound;
      },
      onEnd: () => {
        flush();
        // The host may end a stream because it stops; a final run's stream ends because all has been said.
        if (!final) return true;
        log.finish();
        void cache.invalidateQueries({ queryKey: runKey });
        return false;
      },
    });
    return () => {
      stop();
      flush();
    };
  }, [log, cursor, runId, transport, cache, epoch]);
  return { log, view, error };
}
