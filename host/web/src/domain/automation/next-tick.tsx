import { AutomationKind, type Automation } from "@/gen/penstock/host/v1/automation_pb";
import { formatDuration } from "@/lib/duration";
import { instantMs } from "@/lib/instant";
import { Ahead } from "@/ui/time";

/** When it makes its next tick: the instant in the reader's zone, that of the schedule on hover. */
export function NextTick({ automation }: { automation: Automation }) {
  const { running, nextTickAt, name, schedule } = automation;
  const next = instantMs(nextTickAt);
  if (!running) return <span>no next tick</span>;
  if (next !== undefined) return <Ahead ms={next} zone={schedule === undefined ? "" : zoneOf(schedule.zone)} />;
  return <span>{name?.kind === AutomationKind.SENSOR ? everyText(automation) : "no next tick within ten years"}</span>;
}

/** The zone that is meant where none is named. */
export function zoneOf(zone: string): string {
  return zone === "" ? "UTC" : zone;
}

/** How often a sensor looks; of a run-status sensor, at what. */
export function everyText({ sensor }: Automation): string {
  if (sensor?.looks.case === "runStatus") return `for each run that ended: ${sensor.looks.value.where}`;
  const seconds = sensor?.interval === undefined ? 30 : Math.max(1, Number(sensor.interval.seconds) + sensor.interval.nanos / 1e9);
  return `every ${seconds < 60 ? `${seconds} s` : formatDuration(seconds * 1000)}`;
}
