import type { StoredEvent } from "@/gen/penstock/host/v1/run_pb";
import { eventRow, failureOf, levels, type EventRow, type Level } from "./event-row";
import { OpBars, type Expansion, type OpBar } from "./op-bars";
import { isWithin } from "./op-path";

/** Which events the list shows. */
export interface EventFilter {
  /** This level and above. */
  level: Level;
  /** Op path, of an op with its instances or of a graph with all inside; empty for all. */
  op: string;
  /** In message, op path or kind, whatever the case; empty for all. */
  text: string;
}

/** All events but those for debugging. */
export const allEvents: EventFilter = { level: "info", op: "", text: "" };

/** What components see of the log; a new object with each change. */
export interface EventLogView {
  /** Events that came so far. */
  total: number;
  /** Rows that the filter lets through. The array grows in place: read it by index, for as far as `count` says. */
  rows: readonly EventRow[];
  count: number;
  /** Index in rows of the first error; undefined when there is none. */
  firstError: number | undefined;
  /** The same list until a bar changes. */
  bars: OpBar[];
  /** As bars. */
  expansions: Expansion[];
  first: number | undefined;
  last: number | undefined;
  /** The event that says why the run failed, the run's own before an op's. */
  failure: EventRow | undefined;
  /** Set when everything stored has been sent and no more comes. */
  complete: boolean;
}

/**
 * A run's events in this tab. Made for a million of them: rows are made once, and only what is new is filtered as
 * events come.
 */
export class EventLog {
  private readonly all: EventRow[] = [];
  private shown: EventRow[] = [];
  private firstError: number | undefined;
  private filter: EventFilter = allEvents;
  private readonly bars = new OpBars();
  private failure: EventRow | undefined;
  private complete = false;
  private readonly listeners = new Set<() => void>();
  private view: EventLogView = this.makeView();

  readonly get = (): EventLogView => this.view;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  add(events: readonly StoredEvent[]): void {
    for (const stored of events) {
      const row = eventRow(stored);
      this.all.push(row);
      this.bars.add(stored);
      this.show(row);
      if (stored.event?.detail.case === "runStarted") this.failure = undefined;
      if (endsBadly(stored) && row.level === "error" && (this.failure === undefined || row.opPath === "")) this.failure = row;
    }
    this.changed();
  }

  finish(): void {
    this.complete = true;
    this.changed();
  }

  setFilter(filter: EventFilter): void {
    this.filter = filter;
    this.shown = [];
    this.firstError = undefined;
    for (const row of this.all) this.show(row);
    this.changed();
  }

  private show(row: EventRow): void {
    if (!this.lets(row)) return;
    if (row.level === "error") this.firstError ??= this.shown.length;
    this.shown.push(row);
  }

  private lets(row: EventRow): boolean {
    const { level, op, text } = this.filter;
    if (levels.indexOf(row.level) < levels.indexOf(level)) return false;
    if (op !== "" && !isWithin(row.opPath, op)) return false;
    if (text === "") return true;
    const needle = text.toLowerCase();
    return [row.message, row.opPath, row.kind].some((part) => part.toLowerCase().includes(needle));
  }

  private changed(): void {
    this.view = this.makeView();
    for (const listener of [...this.listeners]) listener();
  }

  private makeView(): EventLogView {
    return {
      total: this.all.length,
      rows: this.shown,
      count: this.shown.length,
      firstError: this.firstError,
      bars: this.bars.list(),
      expansions: this.bars.expansions(),
      first: this.bars.first,
      last: this.bars.last,
      failure: this.failure,
      complete: this.complete,
    };
  }
}

// A resource that could not be opened is no end: the op that asked for it tells of that.
function endsBadly(stored: StoredEvent): boolean {
  return stored.event?.detail.case !== "resource" && failureOf(stored) !== undefined;
}
