import { CalendarClock, Radar, type LucideIcon } from "lucide-react";
import { AutomationKind, type Automation } from "@/gen/penstock/host/v1/automation_pb";
import type { JobNameText } from "@/domain/job/job-name";

interface KindData {
  kind: AutomationKind;
  label: string;
  icon: LucideIcon;
}

const schedule: KindData = { kind: AutomationKind.SCHEDULE, label: "Schedule", icon: CalendarClock };
const sensor: KindData = { kind: AutomationKind.SENSOR, label: "Sensor", icon: Radar };

/** How a kind is shown. */
export function automationKind(kind: AutomationKind | undefined): KindData {
  return kind === AutomationKind.SENSOR ? sensor : schedule;
}

/** Jobs that it may run, as far as its definition is known. */
export function jobsOf({ name, schedule, sensor }: Automation): JobNameText[] {
  const jobs = schedule !== undefined ? [schedule.job] : (sensor?.jobs ?? []);
  return jobs.map((job) => ({ location: name?.location ?? "", repository: name?.repository ?? "", job }));
}

/** Its description; empty when there is none, or its definition is gone. */
export function descriptionOf({ schedule, sensor }: Automation): string {
  return schedule?.description ?? sensor?.description ?? "";
}
