import { useState, useSyncExternalStore } from "react";
import { CapturedLog } from "./captured-log";
import { capturedKind } from "./event-row";
import { useFollowedEvents } from "./follow-events";

/** What a run's ops wrote to stdout and stderr, of one op or of all; followed until the run is final. Another op needs another log: give the component a key. */
export function useCapturedLog(runId: string, op: string) {
  const [log] = useState(() => new CapturedLog());
  const view = useSyncExternalStore(log.subscribe, log.get);
  const error = useFollowedEvents(runId, { kinds: [capturedKind], opPaths: op === "" ? [] : [op] }, log);
  return { view, error };
}
