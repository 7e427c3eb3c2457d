import type { AutomationNameText } from "@/domain/automation/automation-name";
import type { Run } from "@/gen/penstock/host/v1/run_pb";

/** What launched a run and which part of its job's work it is of, as its tags say it. */
export interface RunSource {
  /** The schedule that launched it. */
  schedule: AutomationNameText | undefined;
  /** The sensor that launched it. */
  sensor: AutomationNameText | undefined;
  /** Instant of the tick; empty for none. */
  tick: string;
  runKey: string;
  /** Key of the partition; empty for none. */
  partition: string;
  /** Backfill that it is part of; empty for none. */
  backfill: string;
}

/** Reads it; undefined for a run that a person launched without a partition. */
export function sourceOf({ tags, job }: Pick<Run, "tags" | "job">): RunSource | undefined {
  const value = (key: string) => tags.find((tag) => tag.key === `penstock/${key}`)?.value ?? "";
  // A name without a location is of the job's own repository.
  const named = (text: string): AutomationNameText | undefined => {
    if (text === "") return undefined;
    const parts = text.split("/");
    const [location = job?.location ?? "", repository = job?.repository ?? ""] = parts.length === 3 ? parts : [];
    return { location, repository, name: parts.at(-1) ?? "" };
  };
  const source = { schedule: named(value("schedule")), sensor: named(value("sensor")), tick: value("tick"), runKey: value("run_key"), partition: value("partition"), backfill: value("backfill") };
  return source.schedule === undefined && source.sensor === undefined && source.partition === "" && source.backfill === "" ? undefined : source;
}
