import { CalendarClock, Radar } from "lucide-react";
import type { JobAutomation } from "@/domain/automation/next-by-job";
import { zoneOf } from "@/domain/automation/next-tick";
import { paths } from "@/domain/paths";
import { formatAhead } from "@/lib/duration";
import { formatLocal } from "@/lib/instant";
import { useNow } from "@/lib/now";
import { plural } from "@/lib/plural";
import { formatWall } from "@/lib/wall-clock";
import { Link } from "@/ui/link";
import styles from "./job-rows.module.css";

/** When a job is launched next by itself. */
export function NextMark({ automation }: { automation: JobAutomation | undefined }) {
  const { next, schedule, sensors = 0 } = automation ?? {};
  if (next !== undefined && schedule?.name !== undefined) {
    const zone = zoneOf(schedule.schedule?.zone ?? "");
    return (
      <Link href={paths.automation(schedule.name)} className={styles.next} title={`${schedule.name.name}: ${formatLocal(next)}\n${formatWall(next, zone) ?? ""} (${zone})`}>
        <CalendarClock size={12} aria-hidden />
        <span className="visually-hidden">Next tick</span>{" "}
        <Until ms={next} />
      </Link>
    );
  }
  if (sensors === 0) return null;
  return (
    <span className={styles.next} title={`${plural(sensors, "sensor")} may launch it`}>
      <Radar size={12} aria-hidden />
      {plural(sensors, "sensor")}
    </span>
  );
}

function Until({ ms }: { ms: number }) {
  return <span>{formatAhead(ms - useNow())}</span>;
}
