import { Check } from "lucide-react";
import type { JobNameText } from "@/domain/job/job-name";
import { partitionOpLook } from "@/domain/partition/partition-op-status";
import { paths } from "@/domain/paths";
import { runStatusData } from "@/domain/run/run-status";
import { tagTerm } from "@/domain/selector/selector-text";
import { PartitionOpStatus, type PartitionStatus } from "@/gen/penstock/host/v1/partition_pb";
import { inertText } from "@/lib/inert-text";
import { plural } from "@/lib/plural";
import { StateIcon, toneColor, type StateLook } from "@/ui/badge";
import { classNames } from "@/ui/class-names";
import { Link } from "@/ui/link";
import styles from "./partitions.module.css";
import type { RowPicking } from "./row-picking";

/** A row: a partition with its newest run and its ops, or a key of the first dimension with the partitions of it. */
export function PartitionRow({ name, row, label, offset, partitions, ops, picking }: {
  name: JobNameText;
  row: number;
  label: string;
  offset: number;
  /** What it stands for; how a partition stands is undefined while it is asked for. */
  partitions: { whole: string; status: PartitionStatus | undefined }[];
  /** Ops of the job; undefined where each cell is a partition. */
  ops: readonly string[] | undefined;
  picking: RowPicking;
}) {
  const picked = picking.isPicked(row);
  const tabIndex = picking.active === row ? 0 : -1;
  const [only] = partitions;
  return (
    <div role="row" aria-rowindex={row + 2} aria-selected={picked} className={classNames(styles.row, picked && styles.picked)} style={{ transform: `translateY(${offset}px)` }} onPointerEnter={() => { picking.over(row); }}>
      <span role="rowheader" className={styles.keyCell}>
        <button type="button" data-row={row} tabIndex={tabIndex} className={styles.key} title={label} {...picking.button(row)}>
          <span className={styles.mark}>{picked && <Check size={11} strokeWidth={3} aria-label="selected" />}</span>
          <span className={styles.keyText}>{inertText(label)}</span>
        </button>
      </span>
      {ops === undefined
        ? partitions.map(({ whole, status }) => <RunCell key={whole} status={status} tabIndex={tabIndex} compact />)
        : only !== undefined && (
            <>
              <RunCell status={only.status} tabIndex={tabIndex} />
              <span role="gridcell" className={styles.runCount}>
                {only.status !== undefined && only.status.runs > 0n && (
                  <Link href={paths.jobRuns(name, { where: tagTerm({ key: "penstock/partition", value: only.whole }) })} tabIndex={tabIndex} aria-label={plural(Number(only.status.runs), "run")}>
                    {only.status.runs.toString()}
                  </Link>
                )}
              </span>
              {ops.map((op, index) => (
                <OpCell key={op} op={op} status={only.status?.ops[index]?.status ?? PartitionOpStatus.UNSPECIFIED} run={only.status?.ops[index]?.runId ?? ""} tabIndex={tabIndex} />
              ))}
            </>
          )}
    </div>
  );
}

function RunCell({ status, tabIndex, compact = false }: { status: PartitionStatus | undefined; tabIndex: number; compact?: boolean }) {
  const run = status?.run;
  const className = compact ? styles.cell : styles.newest;
  if (run === undefined) {
    return (
      <span role="gridcell" className={classNames(className, styles.none)}>
        {status === undefined ? "…" : compact ? <span title={`${status.key}: no run`}>–<span className="visually-hidden">no run</span></span> : "no run"}
      </span>
    );
  }
  const look = runStatusData(run.status);
  const said = `${status?.key ?? ""}: ${look.label}`;
  return (
    <span role="gridcell" className={className}>
      <Link href={paths.run(run.id)} tabIndex={tabIndex} className={styles.run} title={said} aria-label={compact ? said : undefined}>
        <Icon look={look} />
        {!compact && look.label}
      </Link>
    </span>
  );
}

function OpCell({ op, status, run, tabIndex }: { op: string; status: PartitionOpStatus; run: string; tabIndex: number }) {
  const look = partitionOpLook(status);
  const said = `${op}: ${look.label}`;
  return (
    <span role="gridcell" className={styles.cell}>
      {run === "" ? (
        <span className={styles.none} title={said}>
          <StateIcon look={look} size={13} />
          <span className="visually-hidden">{said}</span>
        </span>
      ) : (
        <Link href={paths.run(run, { op })} tabIndex={tabIndex} className={styles.op} title={said} aria-label={said}>
          <Icon look={look} />
        </Link>
      )}
    </span>
  );
}

function Icon({ look }: { look: StateLook }) {
  return (
    <span style={{ display: "contents", color: toneColor(look.tone) }}>
      <StateIcon look={look} size={13} />
    </span>
  );
}
