import { createConnectQueryKey, useMutation, useQuery } from "@connectrpc/connect-query";
import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useRef, useState } from "react";
import { editor } from "@/domain/host/editor-name";
import { EditorNameField } from "@/domain/host/editor-name-field";
import { Failure } from "@/domain/host/failure";
import { paths } from "@/domain/paths";
import { BackfillService } from "@/gen/penstock/host/v1/backfill_pb";
import { askAgain } from "@/lib/ask-again";
import { useDebounced } from "@/lib/debounced";
import { plural } from "@/lib/plural";
import { randomId } from "@/lib/random-id";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { BackfillForm } from "./backfill-form";
import { BackfillPreview } from "./backfill-preview";
import { emptyForm, requestOf, type BackfillFormState, type PickedSelection } from "./backfill-request";
import styles from "./partitions.module.css";

const restMs = 250;

/** Says exactly what a backfill would launch, and begins it. */
export function BackfillDialog({ job, count, selection, onClose }: {
  job: string;
  /** How many rows are selected. */
  count: number;
  selection: PickedSelection;
  onClose: () => void;
}) {
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [form, setForm] = useState<BackfillFormState>(() => emptyForm(count > 0));
  // What the dialog was opened for stays what it is about, whatever is selected behind it.
  const [meant] = useState(selection);
  const asked = requestOf(job, form, meant);
  const text = JSON.stringify(asked);
  const rested = useDebounced(text, restMs);
  const previewed = useMemo(() => JSON.parse(rested) as typeof asked, [rested]);
  const preview = useQuery(BackfillService.method.previewBackfill, { backfill: previewed }, { placeholderData: keepPreviousData, staleTime: 0, gcTime: 0, retry: false });
  const start = useMutation(BackfillService.method.startBackfill, {
    onSuccess: ({ backfill }) => {
      askAgain(cache, createConnectQueryKey({ schema: BackfillService.method.listBackfills, cardinality: "infinite" }));
      onClose();
      if (backfill !== undefined) void navigate({ href: paths.backfill(backfill.id) });
    },
  });
  // Asking again for the same after an error cannot begin a second one.
  const request = useRef({ text: "", id: "" });
  const partitions = Number(preview.data?.partitions ?? 0n);
  // What is shown must be what is begun.
  const ready = preview.data !== undefined && !preview.isFetching && preview.error === null && rested === text && preview.data.problems.length === 0 && partitions > 0;
  const confirm = () => {
    if (!ready || start.isPending) return;
    if (request.current.text !== text) request.current = { text, id: randomId() };
    start.mutate({ requestId: request.current.id, backfill: asked, by: editor() });
  };
  return (
    <Dialog
      title="Launch a backfill"
      opened
      onClose={onClose}
      size="lg"
      footer={
        <>
          <Button onClick={onClose}>Launch nothing</Button>
          <Button look="primary" aria-disabled={!ready || start.isPending} onClick={confirm}>
            {start.isPending ? "Beginning…" : `Launch ${ready ? plural(partitions, "run") : "the backfill"}`}
          </Button>
        </>
      }
    >
      <div className={styles.form}>
        <p>One run is launched for each partition. Runs of backfills give way to others in the queue, unless a tag gives them another priority.</p>
        <BackfillForm form={form} count={count} onChange={(next) => { setForm({ ...form, ...next }); }} />
        <BackfillPreview preview={preview.data} error={preview.error} busy={preview.isFetching || rested !== text} />
        <EditorNameField />
        {start.error !== null && <Failure doing="begin the backfill" error={start.error} />}
      </div>
    </Dialog>
  );
}
