// @vitest-environment jsdom
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { follow } from "./follow";

let hidden = false;

function hide(value: boolean) {
  hidden = value;
  document.dispatchEvent(new Event("visibilitychange"));
}

// A stream that gives what it is told to, and ends when its signal does.
class Source {
  readonly opened: AbortSignal[] = [];
  private readonly queues: ((step: { value?: number; error?: Error; end?: boolean }) => void)[] = [];

  open = (signal: AbortSignal): AsyncIterable<number> => {
    this.opened.push(signal);
    const steps: { value?: number; error?: Error; end?: boolean }[] = [];
    let wake: () => void = () => undefined;
    this.queues.push((step) => {
      steps.push(step);
      wake();
    });
    signal.addEventListener("abort", () => {
      wake();
    });
    return (async function* () {
      for (;;) {
        while (steps.length === 0 && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
        const step = steps.shift();
        if (signal.aborted || step?.end === true || step === undefined) return;
        if (step.error !== undefined) throw step.error;
        if (step.value !== undefined) yield step.value;
      }
    })();
  };

  last = () => this.queues.at(-1) ?? (() => undefined);
}

beforeEach(() => {
  vi.useFakeTimers();
  hidden = false;
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it("gives messages away and closes the stream when it is stopped", async () => {
  const source = new Source();
  const got: number[] = [];
  const stop = follow({ open: source.open, onMessage: (message) => got.push(message) });
  await vi.waitFor(() => { expect(source.opened).toHaveLength(1); });
  source.last()({ value: 1 });
  source.last()({ value: 2 });
  await vi.waitFor(() => { expect(got).toEqual([1, 2]); });
  stop();
  expect(source.opened[0]?.aborted).toBe(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(source.opened).toHaveLength(1);
});

it("opens again after a break, waiting longer each time, until a message comes", async () => {
  const source = new Source();
  const broken: unknown[] = [];
  const stop = follow({ open: source.open, onMessage: () => undefined, onBreak: (error) => broken.push(error) > 0 });
  for (const wait of [500, 1000, 2000]) {
    await vi.advanceTimersByTimeAsync(0);
    const before = source.opened.length;
    source.last()({ error: new Error("gone") });
    await vi.advanceTimersByTimeAsync(wait - 10);
    expect(source.opened).toHaveLength(before);
    await vi.advanceTimersByTimeAsync(20);
    expect(source.opened).toHaveLength(before + 1);
  }
  expect(broken).toHaveLength(3);
  source.last()({ value: 1 });
  await vi.advanceTimersByTimeAsync(0);
  source.last()({ error: new Error("gone") });
  await vi.advanceTimersByTimeAsync(510);
  expect(source.opened).toHaveLength(5);
  stop();
});

it("ends when it is told that a break or an end is final", async () => {
  const source = new Source();
  follow({ open: source.open, onMessage: () => undefined, onEnd: () => false });
  await vi.advanceTimersByTimeAsync(0);
  source.last()({ end: true });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(source.opened).toHaveLength(1);
});

it("holds no stream while the tab is hidden", async () => {
  const source = new Source();
  const onBreak = vi.fn(() => true);
  hidden = true;
  const stop = follow({ open: source.open, onMessage: () => undefined, onBreak });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(source.opened).toHaveLength(0);
  hide(false);
  await vi.advanceTimersByTimeAsync(0);
  expect(source.opened).toHaveLength(1);
  hide(true);
  expect(source.opened[0]?.aborted).toBe(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(source.opened).toHaveLength(1);
  hide(false);
  await vi.advanceTimersByTimeAsync(0);
  expect(source.opened).toHaveLength(2);
  expect(onBreak).not.toHaveBeenCalled();
  stop();
});
