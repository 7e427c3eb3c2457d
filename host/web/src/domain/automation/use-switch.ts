import { createConnectQueryKey, useMutation } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { AutomationService, AutomationSwitch, type Automation } from "@/gen/penstock/host/v1/automation_pb";
import { editor } from "@/domain/host/editor-name";

/** Whether it makes ticks, as far as people decide that. */
export function isOn({ switched, schedule, sensor }: Automation): boolean {
  if (switched === AutomationSwitch.ON || switched === AutomationSwitch.OFF) return switched === AutomationSwitch.ON;
  return schedule?.defaultOn ?? sensor?.defaultOn ?? false;
}

/** Switches a schedule or sensor; what was asked for is shown at once, and taken back when the host refuses. */
export function useSwitch(automation: Automation) {
  const cache = useQueryClient();
  const { mutate, isPending, variables, error } = useMutation(AutomationService.method.switchAutomation, {
    onSettled: async () => {
      // What is shown stays what was asked for until the answers say the same.
      await cache.invalidateQueries({ queryKey: createConnectQueryKey({ schema: AutomationService, cardinality: undefined }) });
    },
  });
  const asked = isPending ? variables.to : undefined;
  const on = asked === undefined || asked === AutomationSwitch.DEFAULT ? isOn(automation) : asked === AutomationSwitch.ON;
  const to = (next: AutomationSwitch) => {
    if (automation.name !== undefined) mutate({ name: automation.name, to: next, by: editor() });
  };
  return { on, isPending, error, to };
}
