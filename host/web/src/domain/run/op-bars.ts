import { durationMs } from "@bufbuild/protobuf/wkt";
import type { StoredEvent } from "@/gen/penstock/host/v1/run_pb";
import { Outcome } from "@/gen/penstock/worker/v1/worker_pb";
import { instantMs } from "@/lib/instant";

/** One attempt of an op. Times are the worker's. */
export interface OpAttempt {
  startedMs: number | undefined;
  /** Undefined while it runs. */
  endedMs: number | undefined;
}

/** When an op ran, in the run's last attempt. */
export interface OpBar {
  path: string;
  /** Of its first attempt; undefined when it never started. */
  startedMs: number | undefined;
  /** Undefined until its last attempt has ended. */
  endedMs: number | undefined;
  /** As endedMs. */
  outcome: Outcome | undefined;
  /** Those that were made; all but the last have failed. */
  attempts: OpAttempt[];
  /** When the next one starts, while it waits for that. */
  againMs: number | undefined;
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
    const bar = this.bars.get(opPath);
    if (detail.case === "opStarted") {
      const earlier = bar?.outcome === undefined ? (bar?.attempts ?? []) : [];
      this.bars.set(opPath, {
        path: opPath,
        startedMs: earlier[0]?.startedMs ?? ms,
        endedMs: undefined,
        outcome: undefined,
        attempts: [...earlier, { startedMs: ms, endedMs: undefined }],
        againMs: undefined,
      });
    } else if (detail.case === "opFinished") {
      const { outcome, retryAfter } = detail.value;
      // An op that was skipped, or canceled before its turn, never started; one that waited for its next attempt has none to end.
      const attempts = (bar?.attempts ?? []).map((each) => (each.endedMs === undefined ? { ...each, endedMs: ms } : each));
      const again = retryAfter !== undefined && outcome !== Outcome.SUCCESS;
      this.bars.set(opPath, {
        path: opPath,
        startedMs: bar?.startedMs,
        endedMs: again ? undefined : ms,
        outcome: again ? undefined : outcome,
        attempts,
        againMs: again && ms !== undefined ? ms + durationMs(retryAfter) : undefined,
      });
    }
  }

  private reset(attempt: number): void {
    this.attempt = attempt;
    this.bars.clear();
    this.first = undefined;
    this.last = undefined;
  }
}
