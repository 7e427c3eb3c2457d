import { AutomationKind, type Automation } from "@/gen/penstock/host/v1/automation_pb";
import type { AutomationsView } from "@/domain/paths";
import { descriptionOf, jobsOf } from "./automation-kind";
import { formatAutomationName } from "./automation-name";

/** Schedules and sensors of a repository. */
export interface AutomationGroup {
  location: string;
  repository: string;
  automations: Automation[];
}

/** Those that a view shows, by location and repository, in the order in which they are given. */
export function groupAutomations(automations: readonly Automation[], view: AutomationsView): AutomationGroup[] {
  const groups = new Map<string, AutomationGroup>();
  for (const automation of automations) {
    const { name } = automation;
    if (name === undefined || !isShown(automation, view)) continue;
    const key = `${name.location}/${name.repository}`;
    const group = groups.get(key) ?? { location: name.location, repository: name.repository, automations: [] };
    group.automations.push(automation);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function isShown(automation: Automation, { search, kind }: AutomationsView): boolean {
  const { name } = automation;
  if (name === undefined) return false;
  if (kind !== "" && (name.kind === AutomationKind.SENSOR) !== (kind === "sensor")) return false;
  const text = [formatAutomationName(name), descriptionOf(automation), ...jobsOf(automation).map((job) => job.job)].join("\n").toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
