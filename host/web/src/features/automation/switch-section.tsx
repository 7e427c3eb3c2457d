import { Undo2 } from "lucide-react";
import { useSwitch } from "@/domain/automation/use-switch";
import { Failure } from "@/domain/host/failure";
import { AutomationSwitch, type Automation } from "@/gen/penstock/host/v1/automation_pb";
import { Button } from "@/ui/button";
import styles from "./automation-page.module.css";

/** Puts the switch back to what the definition says; nothing where nobody has switched. */
export function SwitchSection({ automation }: { automation: Automation }) {
  const { error, isPending, to } = useSwitch(automation);
  if (automation.switched !== AutomationSwitch.ON && automation.switched !== AutomationSwitch.OFF) return null;
  return (
    <div className={styles.putBack}>
      {error !== null && <Failure doing="switch it" error={error} />}
      <div>
        <Button small icon={<Undo2 size={12} aria-hidden />} disabled={isPending} onClick={() => { to(AutomationSwitch.DEFAULT); }}>
          As the definition says
        </Button>
      </div>
    </div>
  );
}
