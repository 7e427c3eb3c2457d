import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { useTransport } from "@connectrpc/connect-query";
import { useEffect, useEffectEvent } from "react";
import { follow } from "@/lib/follow";
import { useValue } from "@/lib/value-store";
import { RunService } from "@/gen/penstock/host/v1/run_pb";
import type { RunFilterSchema } from "@/gen/penstock/host/v1/runfilter_pb";
import { session } from "@/domain/host/session";
import type { RunChange } from "./run-changes";

// Changes of this time are shown together, so that many runs a second cost few renders.
const batchDelay = 60;

/** What a watch tells. */
interface RunWatch {
  /** Which runs; a new filter begins a new watch. */
  filter: MessageInitShape<typeof RunFilterSchema>;
  /** List again: the watch has begun, or changes were left out. What is listed from now on misses nothing. */
  onList: () => void;
  /** Changes, in order. */
  onChanges: (changes: RunChange[]) => void;
}

/** Follows the runs that match a filter while the component is there. */
export function useRunWatch({ filter, onList, onChanges }: RunWatch): void {
  const transport = useTransport();
  const { epoch } = useValue(session);
  const list = useEffectEvent(onList);
  const apply = useEffectEvent(onChanges);
  const key = JSON.stringify(filter);
  const open = useEffectEvent((signal: AbortSignal) => createClient(RunService, transport).watchRuns({ filter }, { signal }));
  useEffect(() => {
    let waiting: RunChange[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = () => {
      timer = undefined;
      const changes = waiting;
      waiting = [];
      apply(changes);
    };
    const stop = follow({
      open: (signal) => open(signal),
      onMessage: (message) => {
        if (message.resync || message.run === undefined) {
          list();
          return;
        }
        waiting.push({ ...message, run: message.run });
        timer ??= setTimeout(flush, batchDelay);
      },
      onBreak: (error) => ConnectError.from(error).code !== Code.Unauthenticated,
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [transport, epoch, key]);
}
