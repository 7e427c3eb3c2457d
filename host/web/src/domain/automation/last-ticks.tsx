import { paths } from "@/domain/paths";
import type { Automation, Tick } from "@/gen/penstock/host/v1/automation_pb";
import { formatLocal, instantMs } from "@/lib/instant";
import { plural } from "@/lib/plural";
import { StateIcon, toneColor } from "@/ui/badge";
import { Link } from "@/ui/link";
import styles from "./last-ticks.module.css";
import { tickStatusData } from "./tick-status";

/** The last ticks as small marks, oldest left; each leads to the ticks of its status. */
export function LastTicks({ automation: { name, lastTicks } }: { automation: Automation }) {
  if (name === undefined || lastTicks.length === 0) return <span className={styles.none}>no ticks yet</span>;
  return (
    <span className={styles.ticks}>
      {lastTicks.toReversed().map((tick) => {
        const look = tickStatusData(tick.status);
        const said = sayTick(tick);
        return (
          <Link key={tick.id} href={paths.automation(name, { statuses: [look.name] })} className={styles.tick} style={{ color: toneColor(look.tone) }} title={said} aria-label={said}>
            <StateIcon look={look} size={14} />
          </Link>
        );
      })}
    </span>
  );
}

function sayTick({ at, status, runs, count, skipReason, error }: Tick): string {
  const ms = instantMs(at);
  const made = runs.length > 0 ? plural(runs.length, "run") : count > 1 ? `${count} times` : "";
  return [tickStatusData(status).label, ms === undefined ? "" : formatLocal(ms), made, skipReason || error].filter((part) => part !== "").join(", ");
}
