import { createConnectQueryKey, useMutation, useQuery } from "@connectrpc/connect-query";
import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useRef, useState } from "react";
import { BulkService } from "@/gen/penstock/host/v1/bulk_pb";
import { askAgain } from "@/lib/ask-again";
import { useDebounced } from "@/lib/debounced";
import { plural } from "@/lib/plural";
import { randomId } from "@/lib/random-id";
import { EditorNameField } from "@/domain/host/editor-name-field";
import { editor } from "@/domain/host/editor-name";
import { Failure } from "@/domain/host/failure";
import type { RunSelection } from "@/domain/run/run-list";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { bulkWords, type ActionInit, type BulkKind } from "./bulk-action";
import styles from "./bulk-dialog.module.css";
import { BulkForm, type BulkFormState } from "./bulk-form";
import { BulkPreview } from "./bulk-preview";
import { WhichRuns } from "./which-runs";

const restMs = 250;

/** Which runs an action is about. */
export type Which = { filter: RunSelection } | { runIds: string[] };

/** Says exactly what an action on many runs would do, and begins it. */
export function BulkDialog({ kind, which, hrefOf, onStarted, onClose }: {
  kind: BulkKind;
  which: Which;
  hrefOf: (bulk: string) => string;
  onStarted: () => void;
  onClose: () => void;
}) {
  const { label, doing, meaning, passedOver, danger } = bulkWords(kind);
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [form, setForm] = useState<BulkFormState>({ action: undefined });
  // What the dialog was opened for stays what it is about, whatever is picked behind it.
  const [meant] = useState(which);
  const { action } = form;
  const text = JSON.stringify(action ?? null);
  const rested = useDebounced(text, restMs);
  const asked = useMemo(() => (JSON.parse(rested) as ActionInit | null) ?? undefined, [rested]);
  const preview = useQuery(
    BulkService.method.previewBulk,
    { action: { ...meant, ...(asked === undefined ? {} : { action: asked }) } },
    { enabled: asked !== undefined, placeholderData: keepPreviousData, staleTime: 0, gcTime: 0, retry: false },
  );
  const start = useMutation(BulkService.method.startBulk, {
    onSuccess: ({ bulk }) => {
      askAgain(cache, createConnectQueryKey({ schema: BulkService.method.listBulks, cardinality: undefined }));
      onStarted();
      onClose();
      if (bulk !== undefined) void navigate({ href: hrefOf(bulk.id) });
    },
  });
  // Asking again for the same after an error cannot begin a second one.
  const request = useRef({ text: "", id: "" });
  const known = action === undefined ? undefined : preview.data;
  // What is wrong with a tag stands at its row.
  const atRows = new Set(action?.case === "tag" ? action.value.set?.map((tag) => tag.key) : []);
  const count = known === undefined ? 0 : Number(known.selected - known.passedOver);
  // What is shown must be what is begun.
  const ready = known !== undefined && !preview.isFetching && preview.error === null && rested === text && known.problems.length === 0 && count > 0;
  const confirm = () => {
    if (!ready || start.isPending || action === undefined) return;
    if (request.current.text !== text) request.current = { text, id: randomId() };
    start.mutate({ requestId: request.current.id, action: { ...meant, action }, by: editor() });
  };
  return (
    <Dialog
      title={kind === "tag" ? "Change tags of many runs" : `${label} many runs`}
      opened
      onClose={onClose}
      size="lg"
      footer={
        <>
          <Button onClick={onClose}>Leave them as they are</Button>
          <Button look={danger ? "danger" : "primary"} aria-disabled={!ready || start.isPending} onClick={confirm}>
            {start.isPending ? "Beginning…" : doing(ready ? plural(count, "run") : "runs")}
          </Button>
        </>
      }
    >
      <div className={styles.body}>
        <p>{meaning}</p>
        {"filter" in meant && <WhichRuns selection={meant.filter} />}
        <BulkForm kind={kind} problems={known?.problems ?? []} onChange={setForm} />
        {action !== undefined && (
          <BulkPreview preview={known} problems={known?.problems.filter((problem) => !atRows.has(problem.path)) ?? []} count={count} busy={preview.isFetching || rested !== text} error={preview.error} kind={kind} passedOver={passedOver} />
        )}
        <EditorNameField />
        {start.error !== null && <Failure doing={`begin: ${doing(plural(count, "run")).toLowerCase()}`} error={start.error} />}
      </div>
    </Dialog>
  );
}
