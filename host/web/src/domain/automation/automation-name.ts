import type { AutomationName } from "@/gen/penstock/host/v1/automation_pb";

/** What names a schedule or sensor: no two of a repository have the same name. */
export type AutomationNameText = Pick<AutomationName, "location" | "repository" | "name">;

/** "location/repository/name", as the host and the command line take it. */
export function formatAutomationName({ location, repository, name }: AutomationNameText): string {
  return `${location}/${repository}/${name}`;
}

/** Whether both name the same. */
export function sameAutomation(a: AutomationNameText | undefined, b: AutomationNameText | undefined): boolean {
  return a !== undefined && b !== undefined && formatAutomationName(a) === formatAutomationName(b);
}
