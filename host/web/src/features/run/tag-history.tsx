import { useQuery } from "@connectrpc/connect-query";
import { CircleSlash, Undo2 } from "lucide-react";
import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import { EditorNameField } from "@/domain/host/editor-name-field";
import { Failure } from "@/domain/host/failure";
import { paths } from "@/domain/paths";
import { originText, tagLabel } from "@/domain/run/tag";
import { TagChip } from "@/domain/run/tag-chip";
import { Origin } from "@/gen/penstock/tag/v1/tag_pb";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { RunTagService, type RunTagChange } from "@/gen/penstock/host/v1/runtag_pb";
import { Badge, type StateLook } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Link } from "@/ui/link";
import { Note } from "@/ui/panel";
import { Loading } from "@/ui/states";
import { Instant } from "@/ui/time";
import { putBack } from "./tag-changes";
import styles from "./tag-editor.module.css";
import { useTagEdit } from "./use-tag-edit";

/** What became of a run's tags, newest first: who changed what and when; an earlier value can be put back. */
export function TagHistory({ run, tagKey, onClose }: {
  run: Run;
  /** Only changes of this key; empty for all. */
  tagKey: string;
  onClose: () => void;
}) {
  const { data, error, refetch } = useQuery(RunTagService.method.listRunTagChanges, { runId: run.id, key: tagKey }, { staleTime: 0 });
  const { save, isPending, error: refused } = useTagEdit(run, () => undefined);
  const changes = data?.changes.toReversed() ?? [];
  return (
    <Dialog title={tagKey === "" ? "History of the tags of this run" : `History of ${tagLabel(tagKey)}`} opened onClose={onClose} size="lg" footer={<Button onClick={onClose}>Close</Button>}>
      <div className={styles.body}>
        {data === undefined && (error === null ? <Loading what="the history" /> : <Failure doing="load the history" error={error} retry={() => void refetch()} />)}
        {data !== undefined && changes.length === 0 && <Note>Nothing has changed.</Note>}
        <ol className={styles.changes} aria-label="Changes">
          {changes.map((change, index) => (
            <Change key={changes.length - index} change={change} run={run} busy={isPending} onPutBack={save} />
          ))}
        </ol>
        {refused !== null && <Failure doing="put it back" error={refused} />}
        <EditorNameField />
      </div>
    </Dialog>
  );
}

const removedLook: StateLook = { label: "Removed", tone: "calm", icon: CircleSlash };

function Change({ change: { tag, removed, time, by, bulkId }, run, busy, onPutBack }: {
  change: RunTagChange;
  run: Run;
  busy: boolean;
  onPutBack: ReturnType<typeof useTagEdit>["save"];
}) {
  if (tag === undefined) return null;
  const ms = instantMs(time);
  const back = putBack({ key: tag.key, value: removed ? undefined : tag.value, origin: tag.origin }, run.tags);
  const now = run.tags.find((other) => other.key === tag.key);
  const isNow = removed ? now === undefined : now?.value === tag.value;
  // Who edited is said once, with the time.
  const origin = tag.origin === Origin.EDITED ? "" : originText(tag);
  return (
    <li>
      <span className={styles.what}>
        {removed ? (
          <>
            <TagChip tag={{ key: tag.key, value: "" }} faded />
            <Badge look={removedLook} />
          </>
        ) : (
          <TagChip tag={tag} whole />
        )}
        {isNow && <span>as it is now</span>}
      </span>
      {back !== undefined && (
        <Button small icon={<Undo2 size={12} aria-hidden />} disabled={busy} onClick={() => { onPutBack(back); }}>
          {removed ? "Remove again" : "Put back"}
        </Button>
      )}
      <span className={styles.who}>
        {[origin, by === "" ? "" : `by ${inertText(by)}`].filter((part) => part !== "").join(" ")}
        {ms !== undefined && (
          <>
            {" "}
            <Instant ms={ms} />
          </>
        )}
        {bulkId !== "" && (
          <>
            {" · "}
            <Link href={paths.runs({ bulk: bulkId })}>action on many runs</Link>
          </>
        )}
      </span>
    </li>
  );
}
