import { jobNameOf } from "@/domain/job/job-name";
import { paths } from "@/domain/paths";
import type { Backfill } from "@/gen/penstock/host/v1/backfill_pb";
import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import { Badge } from "@/ui/badge";
import { Link } from "@/ui/link";
import { Table } from "@/ui/table";
import { Ago, Elapsed } from "@/ui/time";
import { BackfillProgress } from "./backfill-progress";
import { backfillStateData, backfillTitle } from "./backfill-state";
import styles from "./backfill-table.module.css";

/** Backfills, newest first: where each is and how its partitions stand. */
export function BackfillTable({ backfills, withJob }: { backfills: readonly Backfill[]; withJob: boolean }) {
  return (
    <Table label="Backfills, newest first" head={["State", "Backfill", ...(withJob ? ["Job"] : []), "Partitions", "By", "Begun", "Took"]}>
      {backfills.map((backfill) => {
        const created = instantMs(backfill.createdAt);
        const look = backfillStateData(backfill.state);
        const job = jobNameOf(backfill.request?.job ?? "");
        return (
          <tr key={backfill.id}>
            <td className={styles.time}>
              <Badge look={look} />
            </td>
            <td className={styles.what}>
              <Link href={paths.backfill(backfill.id)} title={backfill.id}>
                {inertText(backfillTitle(backfill))}
              </Link>
              {backfill.problem !== "" && <p className={styles.problem}>{inertText(backfill.problem)}</p>}
            </td>
            {withJob && <td>{job === undefined ? "" : <Link href={paths.jobPartitions(job)}>{job.job}</Link>}</td>}
            <td>
              <BackfillProgress backfill={backfill} />
            </td>
            <td className={styles.what}>{inertText(backfill.by)}</td>
            <td className={styles.time}>{created !== undefined && <Ago ms={created} />}</td>
            <td className={styles.time}>{created !== undefined && <Elapsed from={created} to={look.final ? instantMs(backfill.endedAt) : undefined} />}</td>
          </tr>
        );
      })}
    </Table>
  );
}
