import { Plus, Undo2 } from "lucide-react";
import { useState } from "react";
import { inertText } from "@/lib/inert-text";
import { EditorNameField } from "@/domain/host/editor-name-field";
import { Failure } from "@/domain/host/failure";
import { readHostError } from "@/domain/host/host-error";
import { runStatusData } from "@/domain/run/run-status";
import { formatTag } from "@/domain/run/tag";
import { TagChip } from "@/domain/run/tag-chip";
import { TagRowFields } from "@/domain/run/tag-row";
import { newRow, rowProblems, tagsOf, type TagRow } from "@/domain/run/tag-rows";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Kbd } from "@/ui/kbd";
import { Note } from "@/ui/panel";
import { useShortcut } from "@/ui/shortcut";
import { isEdit, isEditable, tagEdit } from "./tag-changes";
import styles from "./tag-editor.module.css";
import { useTagEdit } from "./use-tag-edit";

/** Adds, changes and removes tags of a run. */
export function TagEditor({ run, onClose }: { run: Run; onClose: () => void }) {
  const [before] = useState(() => run.tags.filter(isEditable));
  const [rows, setRows] = useState<TagRow[]>(() => [...before.map((tag) => newRow(tag, true)), newRow()]);
  const [given] = useState(() => new Set(rows.slice(0, before.length).map((row) => row.id)));
  const [tried, setTried] = useState(false);
  const { save, isPending, error, asked } = useTagEdit(run, onClose);
  const { final, inProgress } = runStatusData(run.status);
  const waits = !final && !inProgress;
  const fixed = run.tags.filter((tag) => !isEditable(tag));
  const problems = rowProblems(rows);
  const edit = tagEdit(before, rows);
  const gone = before.filter((tag) => edit.remove.includes(tag.key));
  const found = error === null ? [] : readHostError(error).problems;
  const saidOf = (row: TagRow) => {
    const [tag] = tagsOf([row]);
    // What was said of another value says nothing of this one.
    if (tag === undefined || asked?.set?.some((other) => other.key === tag.key && other.value === tag.value) !== true) return [];
    return found.filter((problem) => problem.path === tag.key).map((problem) => problem.message);
  };
  const current = JSON.stringify(asked) === JSON.stringify(edit);
  const placed = found.length > 0 && found.every((problem) => rows.some((row) => saidOf(row).includes(problem.message)));
  const apply = () => {
    setTried(true);
    if (problems.length === 0 && isEdit(edit) && !isPending) save(edit);
  };
  useShortcut("Mod+Enter", apply);
  const change = (id: string, next: Partial<TagRow>) => { setRows(rows.map((row) => (row.id === id ? { ...row, ...next } : row))); };
  return (
    <Dialog
      title="Edit the tags of this run"
      opened
      onClose={onClose}
      size="lg"
      footer={
        <>
          <Button onClick={onClose}>Leave them as they are</Button>
          <Button look="primary" aria-disabled={!isEdit(edit) || isPending} onClick={apply}>
            {isPending ? "Saving…" : "Save"} <Kbd keys="Mod+Enter" />
          </Button>
        </>
      }
    >
      <div className={styles.body}>
        <ul className={styles.rows} aria-label="Tags of this run">
          {rows.map((row, index) => (
            <TagRowFields
              key={row.id}
              row={row}
              number={index + 1}
              problem={tried ? problems.find((problem) => problem.row === row.id) : undefined}
              said={saidOf(row)}
              fixedKey={given.has(row.id)}
              focus={index === rows.length - 1}
              onChange={(next) => { change(row.id, next); }}
              onRemove={() => { setRows(rows.filter((each) => each.id !== row.id)); }}
            />
          ))}
        </ul>
        <div>
          <Button small icon={<Plus size={13} aria-hidden />} onClick={() => { setRows([...rows, newRow()]); }}>
            Add a tag
          </Button>
        </div>
        {gone.length > 0 && (
          <ul className={styles.gone} aria-label="Tags that will be removed">
            {gone.map((tag) => (
              <li key={tag.key}>
                <TagChip tag={tag} faded />
                <Button small icon={<Undo2 size={12} aria-hidden />} aria-label={`Keep ${formatTag(tag)}`} onClick={() => { setRows([newRow(tag, true), ...rows.filter((row) => row.key.trim() !== tag.key)]); }}>
                  Keep
                </Button>
              </li>
            ))}
          </ul>
        )}
        {fixed.length > 0 && (
          <details>
            <summary>
              {fixed.length === 1 ? "1 tag" : `${fixed.length} tags`} set by Penstock, which {fixed.length === 1 ? "stays" : "stay"}
            </summary>
            <ul className={styles.fixed} aria-label="Tags that stay">
              {fixed.map((tag) => (
                <li key={tag.key}>
                  <TagChip tag={tag} />
                </li>
              ))}
            </ul>
          </details>
        )}
        {waits && <Note>It waits in the queue: once its tags are saved it is judged anew, by its new priority and limits.</Note>}
        <EditorNameField />
        {current && error !== null && !placed && <Failure doing="change the tags" error={error} />}
        {current && placed && <p role="alert" className={styles.refused}>{inertText(readHostError(error).message)}</p>}
      </div>
    </Dialog>
  );
}
