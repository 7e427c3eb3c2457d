import { useQuery } from "@connectrpc/connect-query";
import { keepPreviousData } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { formatJobName, type JobNameText } from "@/domain/job/job-name";
import { TagChip } from "@/domain/run/tag-chip";
import type { TagText } from "@/domain/run/tag";
import { TagRowFields } from "@/domain/run/tag-row";
import { givenKeys, newRow, rowProblems, tagsOf, type TagRow } from "@/domain/run/tag-rows";
import { RunService } from "@/gen/penstock/host/v1/run_pb";
import { useDebounced } from "@/lib/debounced";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Kbd } from "@/ui/kbd";
import { Note } from "@/ui/panel";
import { useShortcut } from "@/ui/shortcut";
import { Callout } from "@/ui/states";
import styles from "./tag-dialog.module.css";

/** Tags for one run: those of the definition to read, and rows for more or for other values. */
export function TagDialog({ name, fixed, tags, onApply, onClose }: {
  name: JobNameText;
  /** Tags of the job's definition. */
  fixed: readonly TagText[];
  tags: readonly TagText[];
  onApply: (tags: TagText[]) => void;
  onClose: () => void;
}) {
  const [rows, setRows] = useState<TagRow[]>(() => [...tags.map((tag) => newRow(tag, true)), newRow()]);
  const [tried, setTried] = useState(false);
  const problems = rowProblems(rows);
  const said = useHostProblems(name, rows, problems.length === 0);
  const given = givenKeys(rows);
  const change = (id: string, next: Partial<TagRow>) => {
    setRows(rows.map((row) => (row.id === id ? { ...row, ...next } : row)));
  };
  const apply = () => {
    setTried(true);
    // What the host said of other rows than these stops nobody; the Launchpad has it check again.
    if (problems.length > 0 || (said.ofThese && said.messages.length > 0)) return;
    onApply(tagsOf(rows));
    onClose();
  };
  useShortcut("Mod+Enter", apply);
  return (
    <Dialog
      title="Tags of this run"
      opened
      onClose={onClose}
      size="lg"
      footer={
        <>
          <Button onClick={onClose}>Leave as it was</Button>
          <Button look="primary" onClick={apply}>
            Apply <Kbd keys="Mod+Enter" />
          </Button>
        </>
      }
    >
      <h3 className={styles.heading}>From the job&apos;s definition</h3>
      {fixed.length === 0 && <Note>This job puts no tags on its runs.</Note>}
      <ul className={styles.fixed} aria-label="Tags of the definition">
        {fixed.map((tag) => (
          <li key={tag.key}>
            <TagChip tag={tag} faded={given.has(tag.key)} />
            {given.has(tag.key) && <span className={styles.overridden}>overridden</span>}
          </li>
        ))}
      </ul>
      <h3 className={styles.heading}>For this run</h3>
      <ul className={styles.rows} aria-label="Tags for this run">
        {rows.map((row, index) => (
          <TagRowFields
            key={row.id}
            row={row}
            number={index + 1}
            problem={tried ? problems.find((problem) => problem.row === row.id) : undefined}
            focus={index === rows.length - 1 || (index === 0 && tags.length === 0)}
            onChange={(next) => { change(row.id, next); }}
            onRemove={() => { setRows(rows.filter((each) => each.id !== row.id)); }}
          />
        ))}
      </ul>
      <Button small icon={<Plus size={13} aria-hidden />} onClick={() => { setRows([...rows, newRow()]); }}>
        Add a tag
      </Button>
      {said.messages.length > 0 && (
        <div className={styles.said}>
          <Callout tone="bad" title="These tags cannot be used" live>
            <ul>
              {said.messages.map((message) => (
                <li key={message}>{message}</li>
              ))}
            </ul>
          </Callout>
        </div>
      )}
    </Dialog>
  );
}

// The host checks tags by one rule everywhere, and says it in the same words everywhere.
function useHostProblems(name: JobNameText, rows: readonly TagRow[], complete: boolean): { messages: string[]; ofThese: boolean } {
  const tags = JSON.stringify(tagsOf(rows));
  const asked = useDebounced(tags, 200);
  const { data, isPlaceholderData } = useQuery(
    RunService.method.previewRun,
    { launch: { job: formatJobName(name), tags: JSON.parse(asked) as TagText[] } },
    { enabled: complete && asked !== "[]", placeholderData: keepPreviousData },
  );
  if (!complete || tags === "[]") return { messages: [], ofThese: true };
  const messages = (data?.problems ?? []).filter((problem) => problem.field === "tags").map((problem) => problem.message);
  return { messages, ofThese: asked === tags && !isPlaceholderData };
}
