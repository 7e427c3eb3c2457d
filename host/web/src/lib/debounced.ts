import { useEffect, useState } from "react";

/** The value, once it has rested for a while. Give it values that keep their identity until they change. */
export function useDebounced<T>(value: T, restMs: number): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    if (Object.is(value, rested)) return;
    const timer = setTimeout(() => {
      setRested(value);
    }, restMs);
    return () => {
      clearTimeout(timer);
    };
  }, [value, rested, restMs]);
  return rested;
}
