import { useSyncExternalStore } from "react";

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of [...listeners]) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

const still = () => () => undefined;

/** The time in milliseconds, new every second for all who follow it; with follow false it stays as it was. */
export function useNow(follow = true): number {
  return useSyncExternalStore(follow ? subscribe : still, () => {
    if (listeners.size === 0) now = Math.max(now, Date.now() - (Date.now() % 1000));
    return now;
  });
}
