import { useMutation } from "@connectrpc/connect-query";
import { Ban, RotateCcw } from "lucide-react";
import { lazy, Suspense, useRef, useState } from "react";
import { failedCount } from "@/domain/backfill/backfill-counts";
import { backfillStateData } from "@/domain/backfill/backfill-state";
import { editor } from "@/domain/host/editor-name";
import { EditorNameField } from "@/domain/host/editor-name-field";
import { Failure } from "@/domain/host/failure";
import { BackfillService, BackfillState, type Backfill } from "@/gen/penstock/host/v1/backfill_pb";
import { plural } from "@/lib/plural";
import { randomId } from "@/lib/random-id";
import { Button } from "@/ui/button";
import { Checkbox } from "@/ui/field";
import styles from "./backfill.module.css";

const Confirm = lazy(() => import("@/ui/confirm").then((module) => ({ default: module.Confirm })));

/** Cancels a backfill that goes on; launches again what failed of one that is over. Both ask. */
export function BackfillActions({ backfill }: { backfill: Backfill }) {
  const [asking, setAsking] = useState<"cancel" | "retry">();
  const close = () => { setAsking(undefined); };
  const failed = failedCount(backfill);
  const { final } = backfillStateData(backfill.state);
  return (
    <>
      {failed > 0 && backfill.state !== BackfillState.CANCELING && (
        <Button icon={<RotateCcw size={14} aria-hidden />} onClick={() => { setAsking("retry"); }}>
          Retry failed…
        </Button>
      )}
      {!final && (
        <Button look="danger" icon={<Ban size={14} aria-hidden />} onClick={() => { setAsking("cancel"); }}>
          Cancel…
        </Button>
      )}
      <Suspense>
        {asking === "cancel" && <Cancel backfill={backfill} onClose={close} />}
        {asking === "retry" && <Retry backfill={backfill} failed={failed} onClose={close} />}
      </Suspense>
    </>
  );
}

function Cancel({ backfill, onClose }: { backfill: Backfill; onClose: () => void }) {
  const [force, setForce] = useState(false);
  const { mutate, isPending, error } = useMutation(BackfillService.method.cancelBackfill, { onSuccess: onClose });
  const notLaunched = Number(backfill.notLaunched);
  return (
    <Confirm title="Cancel this backfill" yes="Cancel the backfill" no="Let it go on" busy={isPending} onYes={() => { mutate({ id: backfill.id, force, by: editor() }); }} onNo={onClose}>
      <div className={styles.stack}>
        <p>
          {notLaunched > 0 && `${plural(notLaunched, "partition is", "partitions are")} not launched any more. `}
          Its runs that wait leave the queue; those that run are told to stop. What has ended stays as it is.
        </p>
        <Checkbox label="By force: kill their processes at once, without time to tidy up" checked={force} onChange={setForce} />
        <EditorNameField />
        {error !== null && <Failure doing="cancel the backfill" error={error} />}
      </div>
    </Confirm>
  );
}

function Retry({ backfill, failed, onClose }: { backfill: Backfill; failed: number; onClose: () => void }) {
  // Asking again after an error cannot launch anything twice.
  const request = useRef(randomId());
  const { mutate, isPending, error } = useMutation(BackfillService.method.retryBackfill, { onSuccess: onClose });
  return (
    <Confirm
      title="Retry what failed"
      yes={`Retry ${plural(failed, "partition")}`}
      danger={false}
      busy={isPending}
      onYes={() => { mutate({ requestId: request.current, id: backfill.id, by: editor() }); }}
      onNo={onClose}
    >
      <div className={styles.stack}>
        <p>A new run is launched for each partition whose newest run of this backfill failed or was canceled, or that could not be launched. The backfill goes on then; the runs that failed stay.</p>
        <EditorNameField />
        {error !== null && <Failure doing="retry it" error={error} />}
      </div>
    </Confirm>
  );
}
