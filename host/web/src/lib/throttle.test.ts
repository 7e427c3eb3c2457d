import { expect, it, vi } from "vitest";
import { Throttle } from "./throttle";

it("acts at once after a rest, and once for all calls within it", () => {
  vi.useFakeTimers();
  try {
    const acted: number[] = [];
    const throttle = new Throttle();
    const stop = throttle.start(() => { acted.push(performance.now()); }, 1000);
    const begin = performance.now() + 5000;
    vi.advanceTimersByTime(5000);
    for (let n = 0; n < 100; n++) throttle.call();
    vi.advanceTimersByTime(0);
    throttle.call();
    throttle.call();
    vi.advanceTimersByTime(999);
    expect(acted.map((ms) => ms - begin)).toEqual([0]);
    vi.advanceTimersByTime(1);
    expect(acted.map((ms) => ms - begin)).toEqual([0, 1000]);
    throttle.call();
    stop();
    vi.advanceTimersByTime(5000);
    expect(acted).toHaveLength(2);
  } finally {
    vi.useRealTimers();
  }
});
