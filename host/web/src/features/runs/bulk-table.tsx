import { describeBulk, goesOn, lookedAt, outcomeOf, viewOf } from "@/domain/bulk/bulk-action";
import { bulkLook } from "@/domain/bulk/bulk-look";
import { paths } from "@/domain/paths";
import { runStatusData } from "@/domain/run/run-status";
import type { Bulk } from "@/gen/penstock/host/v1/bulk_pb";
import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import { plural } from "@/lib/plural";
import { Badge } from "@/ui/badge";
import { Link } from "@/ui/link";
import { ProgressBar } from "@/ui/progress-bar";
import { Table } from "@/ui/table";
import { Ago, Elapsed } from "@/ui/time";
import styles from "./bulks-page.module.css";

/** Actions as rows, newest first; each leads to its progress, its errors and the runs that it was about. */
export function BulkTable({ bulks }: { bulks: readonly Bulk[] }) {
  return (
    <Table label="Actions, newest first" head={["State", "What", "Which runs", "By", "Begun", "Took", "What became of them"]}>
      {bulks.map((bulk) => (
        <BulkRow key={bulk.id} bulk={bulk} />
      ))}
    </Table>
  );
}

function BulkRow({ bulk }: { bulk: Bulk }) {
  const created = instantMs(bulk.createdAt);
  const over = !goesOn(bulk);
  const what = describeBulk(bulk);
  return (
    <tr>
      <td className={styles.state}>
        <Badge look={bulkLook(bulk)} />
      </td>
      <td className={styles.what}>
        <Link href={paths.runs(viewOf(bulk))} title="Its progress and errors">
          {inertText(what)}
        </Link>
      </td>
      <td className={styles.which}>
        <Which bulk={bulk} />
      </td>
      <td className={styles.by}>{inertText(bulk.by)}</td>
      <td className={styles.time}>{created !== undefined && <Ago ms={created} />}</td>
      <td className={styles.time}>{created !== undefined && <Elapsed from={created} to={over ? instantMs(bulk.endedAt) : undefined} />}</td>
      <td className={styles.outcome}>
        {!over && (
          <ProgressBar part={bulk.selected === 0n ? undefined : Math.min(Number(lookedAt(bulk)) / Number(bulk.selected), 1)} label={`Progress: ${what}`} />
        )}
        {outcomeOf(bulk)}
        {bulk.error !== "" && <p className={styles.error}>{inertText(bulk.error)}</p>}
      </td>
    </tr>
  );
}

function Which({ bulk }: { bulk: Bulk }) {
  const { where, statuses } = viewOf(bulk);
  const picked = bulk.action?.runIds.length ?? 0;
  if (picked > 0) return <span className={styles.aside}>{plural(picked, "run")} picked one by one</span>;
  if (where === "" && statuses.length === 0) return <span className={styles.aside}>every run</span>;
  return (
    <>
      {where !== "" && <code>{inertText(where)}</code>}
      {statuses.length > 0 && <p className={styles.aside}>with the status {statuses.map((status) => runStatusData(status).label).join(" or ")}</p>}
    </>
  );
}
