import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PartitionDimensionSchema } from "@/gen/penstock/usercode/v1/automation_pb";
import { TimeUnit } from "@/gen/penstock/usercode/v1/automation_pb";
import { MemoryHost } from "./memory-host";
import { reportJob, type Plain } from "./samples";

type DimensionInit = Plain<MessageInitShape<typeof PartitionDimensionSchema>>;

/** A dimension of days. */
export const days: DimensionInit = { name: "day", keys: { case: "time", value: { unit: TimeUnit.DAY, zone: "Europe/Berlin", start: "2026-11-01T00:00" } } };
/** A dimension of which people keep the keys. */
export const regions: DimensionInit = { name: "region", keys: { case: "dynamic", value: {} } };

/** Days of November 2026, the first so many. */
export function novemberDays(count: number): string[] {
  return Array.from({ length: count }, (_, day) => `2026-11-${String(day + 1).padStart(2, "0")}`);
}

/** A host with a job that has these dimensions. */
export function hostWithPartitions(...dimensions: DimensionInit[]): MemoryHost {
  const host = new MemoryHost();
  const job = reportJob();
  host.addJob({ ...job, definition: { ...job.definition, partitions: { name: "days", dimensions, hasRunParts: true } } } as typeof job);
  host.partition.keys = { day: novemberDays(22), region: ["eu", "us"] };
  host.partition.ops = ["read", "write"];
  return host;
}
