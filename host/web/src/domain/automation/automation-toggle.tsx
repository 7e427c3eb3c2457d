import { AutomationSwitch, type Automation } from "@/gen/penstock/host/v1/automation_pb";
import { inertText } from "@/lib/inert-text";
import { readHostError } from "@/domain/host/host-error";
import { Toggle } from "@/ui/toggle";
import styles from "./automation-toggle.module.css";
import { useSwitch } from "./use-switch";

/** Switches a schedule or sensor on and off. */
export function AutomationToggle({ automation }: { automation: Automation }) {
  const { on, isPending, error, to } = useSwitch(automation);
  return (
    <span className={styles.toggle}>
      <Toggle
        label={`Makes ticks: ${automation.name?.name ?? ""}`}
        on={on}
        busy={isPending}
        onChange={(next) => { to(next ? AutomationSwitch.ON : AutomationSwitch.OFF); }}
      />
      {error !== null && (
        <span role="alert" className={styles.error}>
          Not switched: {inertText(readHostError(error).message)}
        </span>
      )}
    </span>
  );
}
