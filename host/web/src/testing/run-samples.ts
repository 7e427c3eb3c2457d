import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { StoredEventSchema } from "@/gen/penstock/host/v1/run_pb";
import type { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { Outcome, type EventSchema } from "@/gen/penstock/worker/v1/worker_pb";
import { MemoryHost } from "./memory-host";
import { mappedJob, reportName } from "./samples";

type EventInit = Exclude<MessageInitShape<typeof EventSchema>, { $typeName: string }>;

/** The run of most tests. */
export const runId = "0193a4b2-77c1-7d10-9a2e-3f0c5b6a7d8e";
/** When its events begin. */
export const startMs = 1_800_000_000_000;

/** An event of the run's first attempt, so many milliseconds after its start. */
export function eventAt(ms: number, event: EventInit): MessageInitShape<typeof StoredEventSchema> {
  return { attempt: 1, seq: BigInt(ms + 1), event: { time: timestampFromMs(startMs + ms), ...event } };
}

/** An op has started. */
export function opStarted(ms: number, opPath: string) {
  return eventAt(ms, { kind: "op_started", opPath, opAttempt: 1, detail: { case: "opStarted", value: {} } });
}

/** An op has ended. */
export function opFinished(ms: number, opPath: string, outcome = Outcome.SUCCESS, message = "") {
  return eventAt(ms, { kind: "op_finished", opPath, opAttempt: 1, message, detail: { case: "opFinished", value: { outcome, ...(outcome === Outcome.FAILURE ? { failure: { reason: "error", message } } : {}) } } });
}

/** What an op wrote. */
export function captured(ms: number, opPath: string, text: string, more: { descriptor?: number; candidates?: string[]; skipped?: bigint } = {}) {
  return eventAt(ms, { kind: "captured", opPath, opAttempt: 1, detail: { case: "captured", value: { descriptor: 1, data: new TextEncoder().encode(text), ...more } } });
}

/** A host with a run of the job with a map: list, then parse for each item, then sum. */
export function hostWithMappedRun(status: RunStatus, ...events: MessageInitShape<typeof StoredEventSchema>[]): MemoryHost {
  const host = new MemoryHost();
  host.addJob(mappedJob());
  host.addRun({ id: runId, job: reportName, status, attempt: 1, opPaths: ["list", "parse", "sum"], configYaml: "config:\n  weeks: 3\n" });
  host.events.set(runId, events);
  return host;
}
