import type { StoredEvent } from "@/gen/penstock/host/v1/run_pb";
import { Outcome, type Failure } from "@/gen/penstock/worker/v1/worker_pb";
import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";

/** How much an event matters, as logs have it. */
export type Level = "debug" | "info" | "warn" | "error";

/** Levels from least to most. */
export const levels: readonly Level[] = ["debug", "info", "warn", "error"];

/** An event as the list needs it; the event itself is kept for its details. */
export interface EventRow {
  stored: StoredEvent;
  /** The worker's clock; undefined when it was not said. */
  ms: number | undefined;
  level: Level;
  kind: string;
  opPath: string;
  message: string;
}

/** Makes an event's row. */
export function eventRow(stored: StoredEvent): EventRow {
  const { event } = stored;
  if (event === undefined) {
    const why = stored.unreadable === "" ? "The host sent an event without content" : stored.unreadable;
    return { stored, ms: undefined, level: "warn", kind: "unreadable", opPath: "", message: `An event that cannot be read: ${why}` };
  }
  const failure = failureOf(stored);
  const message = event.message !== "" ? event.message : (failure?.message ?? "");
  return { stored, ms: instantMs(event.time), level: levelOf(stored), kind: event.kind, opPath: event.opPath, message: message === "" ? defaultMessage(stored) : inertText(message) };
}

/** Why an op or the run did not end well; undefined for other events. */
export function failureOf(stored: StoredEvent): Failure | undefined {
  const detail = stored.event?.detail;
  return detail?.case === "opFinished" || detail?.case === "runFinished" ? detail.value.failure : undefined;
}

function levelOf({ event }: StoredEvent): Level {
  const detail = event?.detail;
  switch (detail?.case) {
    case "log":
      return slogLevel(detail.value.level);
    case "opFinished":
      // One that runs again has not failed yet.
      return detail.value.retryAfter === undefined ? outcomeLevel(detail.value.outcome) : "warn";
    case "runFinished":
      return outcomeLevel(detail.value.outcome);
    default:
      return event?.kind === "worker_lost" ? "error" : "info";
  }
}

function slogLevel(level: number): Level {
  if (level < 0) return "debug";
  if (level < 4) return "info";
  return level < 8 ? "warn" : "error";
}

function outcomeLevel(outcome: Outcome): Level {
  if (outcome === Outcome.SUCCESS) return "info";
  return outcome === Outcome.CANCELED || outcome === Outcome.SKIPPED ? "warn" : "error";
}

function defaultMessage({ event }: StoredEvent): string {
  const detail = event?.detail;
  const subject = event === undefined || event.opPath === "" ? "Run" : event.opPath;
  if (detail?.case === "opStarted" || detail?.case === "runStarted") return `${subject} started`;
  if (detail?.case === "opFinished" || detail?.case === "runFinished") return `${subject} ${outcomeText(detail.value.outcome)}`;
  return event?.kind ?? "";
}

/** An outcome in words, after the name of what ended. */
export function outcomeText(outcome: Outcome): string {
  switch (outcome) {
    case Outcome.SUCCESS:
      return "ended well";
    case Outcome.CANCELED:
      return "was canceled";
    case Outcome.SKIPPED:
      return "was skipped";
    case Outcome.FAILURE:
    case Outcome.UNSPECIFIED:
    default:
      return "failed";
  }
}
