import { useEffect, useEffectEvent, useState } from "react";
import { Throttle } from "./throttle";

/** A function that calls action soon, and at most once in restMs however often it is called itself. */
export function useThrottled(action: () => void, restMs: number): () => void {
  const act = useEffectEvent(action);
  const [throttle] = useState(() => new Throttle());
  useEffect(() => throttle.start(() => { act(); }, restMs), [throttle, restMs]);
  return throttle.call;
}
