import type { StoredEvent } from "@/gen/penstock/host/v1/run_pb";
import { Outcome, type Failure, type Output } from "@/gen/penstock/worker/v1/worker_pb";
import { formatBytes } from "@/lib/bytes";
import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import { plural } from "@/lib/plural";
import { progressText } from "./op-progress";
import { shortRunId } from "./run-id";
import { formatTag } from "./tag";

/** How much an event matters, as logs have it. */
export type Level = "debug" | "info" | "warn" | "error";

/** Levels from least to most. */
export const levels: readonly Level[] = ["debug", "info", "warn", "error"];

/** The kind of what was written to stdout and stderr, which has a list of its own. */
export const capturedKind = "captured";

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
  return { stored, ms: instantMs(event.time), level: levelOf(stored), kind: event.kind, opPath: event.opPath, message: inertText(message === "" ? defaultMessage(stored) : message) };
}

/** Why an op, the run or a resource did not end well; undefined for other events. */
export function failureOf(stored: StoredEvent): Failure | undefined {
  const detail = stored.event?.detail;
  return detail?.case === "opFinished" || detail?.case === "runFinished" || detail?.case === "resource" ? detail.value.failure : undefined;
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
    case "resource":
      return detail.value.failure === undefined ? "info" : "error";
    case "progress":
    case "captured":
      // Shown elsewhere, and often.
      return "debug";
    case "runStarted":
    case "opStarted":
    case "output":
    case "note":
    case "tagsAdded":
    case "mapExpanded":
    case undefined:
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
  if (outcome === Outcome.SUCCESS || outcome === Outcome.REUSED) return "info";
  return outcome === Outcome.CANCELED || outcome === Outcome.SKIPPED ? "warn" : "error";
}

function defaultMessage({ event }: StoredEvent): string {
  const detail = event?.detail;
  const subject = event === undefined || event.opPath === "" ? "Run" : event.opPath;
  switch (detail?.case) {
    case "opStarted":
    case "runStarted":
      return `${subject} started`;
    case "opFinished":
    case "runFinished":
      return `${subject} ${outcomeText(detail.value.outcome)}`;
    case "progress":
      return progressText(detail.value);
    case "output":
      return outputText(detail.value);
    case "tagsAdded":
      return `The run's code set ${detail.value.tags.map(formatTag).join(", ")}`;
    case "mapExpanded":
      return `${detail.value.opPaths.join(", ")}: ${plural(detail.value.total, "instance")}`;
    case "resource":
      return `Resource ${detail.value.name} ${event?.kind === "resource_closed" ? "closed" : "opened"}`;
    case "note":
    case "log":
    case "captured":
    case undefined:
    default:
      return event?.kind ?? "";
  }
}

/** What became of an op's output, on one line. */
export function outputText({ name, size, codec, notStored, reusedFrom }: Output): string {
  const what = name === "" || name === "result" ? "Output" : `Output ${name}`;
  if (notStored !== "") return `${what} not stored: ${notStored}`;
  const form = codec === "" ? formatBytes(size) : `${formatBytes(size)}, ${codec}`;
  return reusedFrom === "" ? `${what} stored (${form})` : `${what} taken from run ${shortRunId(reusedFrom)} (${form})`;
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
    case Outcome.REUSED:
      return "was not run: a stored result was taken";
    case Outcome.FAILURE:
    case Outcome.UNSPECIFIED:
    default:
      return "failed";
  }
}
