import { TriangleAlert } from "lucide-react";
import type { AutomationNameText } from "@/domain/automation/automation-name";
import { tickStatusData } from "@/domain/automation/tick-status";
import { paths } from "@/domain/paths";
import type { PreviewedTick } from "@/gen/penstock/host/v1/automation_pb";
import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import { plural } from "@/lib/plural";
import { Badge } from "@/ui/badge";
import { Link } from "@/ui/link";
import { Callout } from "@/ui/states";
import { Table } from "@/ui/table";
import { Ahead, Instant } from "@/ui/time";
import styles from "./automation-page.module.css";

/** Instants around now, the nearest on top of either side, with what is odd about them and what became of those that are past. */
export function PreviewTable({ name, past, next, zone, testable }: {
  name: AutomationNameText;
  past: readonly PreviewedTick[];
  next: readonly PreviewedTick[];
  zone: string;
  /** Whether the instants are those of the definition, so that one can be tested. */
  testable: boolean;
}) {
  if (past.length + next.length === 0) {
    return (
      <div className={styles.message}>
        <Callout tone="warn" title="There is no such instant">
          <p>Within ten years before or after now, no day and time fits the crons.</p>
        </Callout>
      </div>
    );
  }
  const row = (tick: PreviewedTick, isNext: boolean) => <Row key={instantMs(tick.at)} tick={tick} isNext={isNext} name={name} testable={testable} />;
  return (
    <Table label="Instants" head={[`On the clock of ${inertText(zone)}`, "Your time", "What is odd", "What became of it", ""]}>
      <tr className={styles.now}>
        <td colSpan={5}>{plural(next.length, "instant")} to come, the nearest first</td>
      </tr>
      {next.map((tick) => row(tick, true))}
      <tr className={styles.now}>
        <td colSpan={5}>{plural(past.length, "instant")} past, the latest first</td>
      </tr>
      {past.toReversed().map((tick) => row(tick, false))}
    </Table>
  );
}

function Row({ tick, isNext, name, testable }: { tick: PreviewedTick; isNext: boolean; name: AutomationNameText; testable: boolean }) {
  const at = instantMs(tick.at);
  return (
    <tr>
      <td className={styles.time}>{inertText(tick.wall)}</td>
      <td className={styles.time}>{at !== undefined && (isNext ? <Ahead ms={at} /> : <Instant ms={at} />)}</td>
      <td className={styles.said}>
        {tick.note !== "" && (
          <span>
            <TriangleAlert size={12} aria-hidden /> {inertText(tick.note)}
          </span>
        )}
      </td>
      <td className={styles.time}>{tick.tick !== undefined && <Badge look={tickStatusData(tick.tick.status)} />}</td>
      <td className={styles.time}>
        {testable && at !== undefined && (
          <Link href={paths.automation(name, { tab: "test", at: new Date(at).toISOString() })} aria-label={`Test at ${tick.wall}`}>
            Test
          </Link>
        )}
      </td>
    </tr>
  );
}
