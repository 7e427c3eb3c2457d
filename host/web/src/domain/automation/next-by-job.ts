import type { Automation } from "@/gen/penstock/host/v1/automation_pb";
import { instantMs } from "@/lib/instant";
import { formatJobName } from "@/domain/job/job-name";
import { jobsOf } from "./automation-kind";

/** What launches a job by itself. */
export interface JobAutomation {
  /** The next instant of its schedules in milliseconds; undefined when no schedule has one. */
  next: number | undefined;
  /** The schedule of that instant. */
  schedule: Automation | undefined;
  /** How many sensors look for it. */
  sensors: number;
}

/** What launches each job by itself, by its whole name; jobs that nothing launches are not there. What is off is left out. */
export function nextByJob(automations: readonly Automation[]): Map<string, JobAutomation> {
  const byJob = new Map<string, JobAutomation>();
  for (const automation of automations.filter((each) => each.running)) {
    const ms = automation.schedule === undefined ? undefined : instantMs(automation.nextTickAt);
    for (const job of jobsOf(automation).map(formatJobName)) {
      const known = byJob.get(job) ?? { next: undefined, schedule: undefined, sensors: 0 };
      const sooner = ms !== undefined && (known.next === undefined || ms < known.next);
      byJob.set(job, { next: sooner ? ms : known.next, schedule: sooner ? automation : known.schedule, sensors: known.sensors + (automation.sensor === undefined ? 0 : 1) });
    }
  }
  return byJob;
}
