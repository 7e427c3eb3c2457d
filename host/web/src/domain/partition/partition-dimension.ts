import { TimeUnit, type PartitionDimension, type TimePartitions } from "@/gen/penstock/usercode/v1/automation_pb";
import { plural } from "@/lib/plural";

const units: Record<number, string> = { [TimeUnit.HOUR]: "every hour", [TimeUnit.DAY]: "every day", [TimeUnit.WEEK]: "every week", [TimeUnit.MONTH]: "every month" };

/** What the keys of a dimension are, for people. */
export function dimensionText({ keys }: PartitionDimension): string {
  switch (keys.case) {
    case "time":
      return timeText(keys.value);
    case "static":
      return plural(keys.value.keys.length, "fixed key");
    case "dynamic":
      return "keys that are added and removed";
    default:
      return "keys of a kind that this page does not know";
  }
}

/** Whether people may add and remove keys. */
export function isDynamic({ keys }: PartitionDimension): boolean {
  return keys.case === "dynamic";
}

function timeText({ unit, zone, start, end }: TimePartitions): string {
  const span = [`from ${start.replace("T", " ")}`, ...(end === "" ? [] : [`to ${end.replace("T", " ")}`])].join(" ");
  return `${units[unit] ?? "spans of time"}, ${span}, ${zone === "" ? "UTC" : zone}`;
}
