import type { StoredEvent } from "@/gen/penstock/host/v1/run_pb";
import { Outcome } from "@/gen/penstock/worker/v1/worker_pb";
import { instantMs } from "@/lib/instant";

/** When an op ran, in its last attempt. Times are the worker's. */
export interface OpBar {
  path: string;
  startedMs: number | undefined;
  endedMs: number | undefined;
  /** Undefined while it runs. */
  outcome: Outcome | undefined;
}

/** The bars of a run's ops, built from its events as they come. */
export class OpBars {
  private attempt = 0;
  private readonly bars = new Map<string, OpBar>();
  /** First and last time that any event of this attempt told. */
  first: number | undefined;
  last: number | undefined;

  /** Bars in the order in which the ops were heard of. */
  list(): OpBar[] {
    return [...this.bars.values()];
  }

  add({ attempt, event }: StoredEvent): void {
    if (event === undefined || attempt < this.attempt) return;
    if (attempt > this.attempt) this.reset(attempt);
    const ms = instantMs(event.time);
    if (attempt > 0 && ms !== undefined) {
      this.first = Math.min(this.first ?? ms, ms);
      this.last = Math.max(this.last ?? ms, ms);
    }
    const { detail, opPath } = event;
    if (detail.case === "opStarted") {
      this.bars.set(opPath, { path: opPath, startedMs: ms, endedMs: undefined, outcome: undefined });
    } else if (detail.case === "opFinished") {
      // An op that was skipped or canceled before its turn never started.
      const startedMs = this.bars.get(opPath)?.startedMs;
      this.bars.set(opPath, { path: opPath, startedMs, endedMs: ms, outcome: detail.value.outcome });
    }
  }

  private reset(attempt: number): void {
    this.attempt = attempt;
    this.bars.clear();
    this.first = undefined;
    this.last = undefined;
  }
}
