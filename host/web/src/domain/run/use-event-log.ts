import { useState, useSyncExternalStore } from "react";
import { EventLog } from "./event-log";
import { capturedKind } from "./event-row";
import { useFollowedEvents } from "./follow-events";

const choice = { withoutKinds: [capturedKind] };

/** A run's events but captured output, followed until the run is final; the run in the cache is kept current by the way. */
export function useEventLog(runId: string) {
  const [log] = useState(() => new EventLog());
  const view = useSyncExternalStore(log.subscribe, log.get);
  const error = useFollowedEvents(runId, choice, log);
  return { log, view, error };
}
