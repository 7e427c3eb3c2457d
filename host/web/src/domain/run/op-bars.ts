import { durationMs } from "@bufbuild/protobuf/wkt";
import type { StoredEvent } from "@/gen/penstock/host/v1/run_pb";
import { Outcome } from "@/gen/penstock/worker/v1/worker_pb";
import { instantMs } from "@/lib/instant";
import { addProgress, type OpProgress } from "./op-progress";

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
  /** How far its last attempt is, or came; undefined when it did not say. */
  progress: OpProgress | undefined;
}

/** The instances of a mapped op, as the worker told them; of an op inside of instances of another map there are several. */
export interface Expansion {
  /** Path of the op without the keys that are told here: "parse", "outer[a].parse". */
  path: string;
  keys: readonly string[];
  /** Instances in all. */
  total: number;
}

// What the host notes of a run long after its end, which is no time of the run's.
const afterwards = new Set(["tags_changed", "late_report", "run_retried", "run_not_retried", "retry_put_off"]);

/** The bars of a run's ops, built from its events as they come. */
export class OpBars {
  private attempt = 0;
  private readonly bars = new Map<string, OpBar>();
  private readonly expanded = new Map<string, Expansion & { keys: string[] }>();
  private listed: OpBar[] = [];
  private listedExpansions: Expansion[] = [];
  private changed = false;
  /** First and last time that any event of this attempt told, but for those that come after its end. */
  first: number | undefined;
  last: number | undefined;

  /** Bars in the order in which the ops were heard of; the same list until one changes. */
  list(): OpBar[] {
    this.relist();
    return this.listed;
  }

  /** What is known of the instances of mapped ops; the same list until that or a bar changes. */
  expansions(): Expansion[] {
    this.relist();
    return this.listedExpansions;
  }

  add({ attempt, event }: StoredEvent): void {
    if (event === undefined || attempt < this.attempt) return;
    if (attempt > this.attempt) this.reset(attempt);
    const ms = instantMs(event.time);
    if (attempt > 0 && ms !== undefined && !afterwards.has(event.kind)) {
      this.first = Math.min(this.first ?? ms, ms);
      this.last = Math.max(this.last ?? ms, ms);
    }
    const { detail, opPath } = event;
    const bar = this.bars.get(opPath);
    if (detail.case === "opStarted") {
      const earlier = bar?.outcome === undefined ? (bar?.attempts ?? []) : [];
      this.set({
        path: opPath,
        startedMs: earlier[0]?.startedMs ?? ms,
        endedMs: undefined,
        outcome: undefined,
        attempts: [...earlier, { startedMs: ms, endedMs: undefined }],
        againMs: undefined,
        progress: undefined,
      });
    } else if (detail.case === "opFinished") {
      const { outcome, retryAfter } = detail.value;
      // An op that was skipped, or canceled before its turn, never started; one that waited for its next attempt has none to end.
      const attempts = (bar?.attempts ?? []).map((each) => (each.endedMs === undefined ? { ...each, endedMs: ms } : each));
      const again = retryAfter !== undefined && outcome !== Outcome.SUCCESS;
      this.set({
        path: opPath,
        startedMs: bar?.startedMs,
        endedMs: again ? undefined : ms,
        outcome: again ? undefined : outcome,
        attempts,
        againMs: again && ms !== undefined ? ms + durationMs(retryAfter) : undefined,
        progress: bar?.progress,
      });
    } else if (detail.case === "progress" && bar !== undefined) {
      this.set({ ...bar, progress: addProgress(bar.progress, detail.value, ms) });
    } else if (detail.case === "mapExpanded") {
      for (const path of detail.value.opPaths) this.expand(path, detail.value.keys, detail.value.total);
    }
  }

  private set(bar: OpBar): void {
    this.bars.set(bar.path, bar);
    this.changed = true;
  }

  // Many keys come in several events.
  private expand(path: string, keys: readonly string[], total: number): void {
    const known = this.expanded.get(path)?.keys ?? [];
    for (const key of keys) known.push(key);
    this.expanded.set(path, { path, keys: known, total });
    this.changed = true;
  }

  private relist(): void {
    if (!this.changed) return;
    this.changed = false;
    this.listed = [...this.bars.values()];
    this.listedExpansions = [...this.expanded.values()];
  }

  private reset(attempt: number): void {
    this.attempt = attempt;
    this.bars.clear();
    this.expanded.clear();
    this.changed = true;
    this.first = undefined;
    this.last = undefined;
  }
}
