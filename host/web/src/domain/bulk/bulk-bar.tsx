import { Ban, RotateCw, Tags, Trash2, X } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { plural } from "@/lib/plural";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import type { RunSelection } from "@/domain/run/run-list";
import { Button, IconButton, TextButton } from "@/ui/button";
import { bulkKinds, bulkWords, type BulkKind } from "./bulk-action";
import styles from "./bulk-bar.module.css";
import type { Picked } from "./picked";

const BulkDialog = lazy(() => import("./bulk-dialog").then((module) => ({ default: module.BulkDialog })));

const icons: Record<BulkKind, typeof Ban> = { cancel: Ban, reexecute: RotateCw, tag: Tags, delete: Trash2 };

/** What can be done with the runs that were picked; nothing when none was. */
export function BulkBar({ picked, page, total, selection, hrefOf }: {
  picked: Picked;
  page: readonly Run[];
  /** How many runs match; undefined while that is not known. */
  total: number | undefined;
  selection: RunSelection;
  /** The address of the page with an action's progress on it. */
  hrefOf: (bulk: string) => string;
}) {
  const [asking, setAsking] = useState<BulkKind>();
  const count = picked.all ? (total ?? 0) : picked.ids.size;
  // What is asked about stays while nothing matches any more.
  if (count === 0 && asking === undefined) return null;
  const elsewhere = picked.all ? 0 : count - page.filter((run) => picked.ids.has(run.id)).length;
  const wholePage = page.length > 0 && page.every((run) => picked.ids.has(run.id));
  return (
    <div className={styles.bar} role="region" aria-label="Selected runs">
      <p role="status">
        <strong>{picked.all ? `All ${plural(count, "run")} that match` : plural(count, "run")}</strong> selected
        {elsewhere > 0 && `, ${elsewhere} of them not on this page`}
      </p>
      {!picked.all && wholePage && total !== undefined && total > count && (
        <TextButton onClick={picked.pickAll}>Select all {plural(total, "run")} that match</TextButton>
      )}
      <div className={styles.actions}>
        {bulkKinds.map((kind) => {
          const Icon = icons[kind];
          return (
            <Button key={kind} look={bulkWords(kind).danger ? "danger" : "plain"} icon={<Icon size={13} aria-hidden />} onClick={() => { setAsking(kind); }}>
              {bulkWords(kind).label}…
            </Button>
          );
        })}
        <IconButton label="Select nothing" onClick={picked.clear}>
          <X size={14} />
        </IconButton>
      </div>
      {asking !== undefined && (
        <Suspense>
          <BulkDialog
            kind={asking}
            which={picked.all ? { filter: selection } : { runIds: [...picked.ids] }}
            hrefOf={hrefOf}
            onStarted={picked.clear}
            onClose={() => { setAsking(undefined); }}
          />
        </Suspense>
      )}
    </div>
  );
}
