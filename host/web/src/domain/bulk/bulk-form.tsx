import { Plus } from "lucide-react";
import { useEffect, useEffectEvent, useId, useState } from "react";
import type { Problem } from "@/gen/penstock/host/v1/problem_pb";
import { ReexecutionStrategy } from "@/gen/penstock/host/v1/run_pb";
import { assertUnreachable } from "@/lib/assert-unreachable";
import { reexecutings } from "@/domain/run/reexecution";
import { TagRowFields } from "@/domain/run/tag-row";
import { newRow, rowProblems, tagsOf, type TagRow } from "@/domain/run/tag-rows";
import { Button } from "@/ui/button";
import { Checkbox, Label, TextField } from "@/ui/field";
import type { ActionInit, BulkKind } from "./bulk-action";
import styles from "./bulk-dialog.module.css";

/** What the form stands for. */
export interface BulkFormState {
  /** Undefined while it is not filled in, or something is wrong with it. */
  action: ActionInit | undefined;
}

interface FormProps {
  problems: readonly Problem[];
  onChange: (state: BulkFormState) => void;
}

/** What an action needs to know. */
export function BulkForm({ kind, ...rest }: FormProps & { kind: BulkKind }) {
  switch (kind) {
    case "cancel":
      return <CancelForm {...rest} />;
    case "reexecute":
      return <ReexecuteForm {...rest} />;
    case "tag":
      return <TagForm {...rest} />;
    case "delete":
      return <Tell action={{ case: "delete", value: {} }} onChange={rest.onChange} />;
    default:
      return assertUnreachable(kind);
  }
}

// Tells the dialog what the form stands for, when that changes.
function Tell({ action, onChange }: { action: ActionInit | undefined; onChange: FormProps["onChange"] }) {
  const tell = useEffectEvent(() => { onChange({ action }); });
  const text = JSON.stringify(action);
  useEffect(() => { tell(); }, [text]);
  return null;
}

function CancelForm({ onChange }: FormProps) {
  const [force, setForce] = useState(false);
  return (
    <>
      <Checkbox label="By force: kill their processes at once, without time to tidy up" checked={force} onChange={setForce} />
      <Tell action={{ case: "cancel", value: { force, reason: "asked for in the web UI" } }} onChange={onChange} />
    </>
  );
}

function ReexecuteForm({ onChange }: FormProps) {
  const name = useId();
  // As on the command line: what ended well is not executed again unless that is asked for.
  const [strategy, setStrategy] = useState(ReexecutionStrategy.FROM_FAILURE);
  return (
    <fieldset className={styles.choices}>
      <legend className="visually-hidden">Which ops</legend>
      {reexecutings
        .filter((each) => each.strategy !== ReexecutionStrategy.SELECTED)
        .map((each) => (
          <label key={each.name} className={styles.choice}>
            <input type="radio" name={name} checked={each.strategy === strategy} onChange={() => { setStrategy(each.strategy); }} />
            <span>
              <strong>{each.label}</strong> {each.meaning}
            </span>
          </label>
        ))}
      <Tell action={{ case: "reexecute", value: { strategy } }} onChange={onChange} />
    </fieldset>
  );
}

function TagForm({ problems, onChange }: FormProps) {
  const [rows, setRows] = useState<TagRow[]>(() => [newRow()]);
  const [removed, setRemoved] = useState("");
  const field = useId();
  const mistakes = rowProblems(rows);
  const remove = removed.split(/[\s,]+/).filter((key) => key !== "");
  const set = tagsOf(rows);
  const both = set.find((tag) => remove.includes(tag.key));
  const said = (row: TagRow) => problems.filter((problem) => problem.path !== "" && problem.path === row.key.trim()).map((problem) => problem.message);
  const whole = mistakes.length === 0 && both === undefined && (set.length > 0 || remove.length > 0);
  return (
    <>
      <fieldset className={styles.choices}>
        <legend>Add, or give another value</legend>
        <ul className={styles.rows} aria-label="Tags to add or change">
          {rows.map((row, index) => (
            <TagRowFields
              key={row.id}
              row={row}
              number={index + 1}
              // A row that is being filled in is no mistake yet.
              problem={mistakes.find((mistake) => mistake.row === row.id && (mistake.kind === "duplicate" || index < rows.length - 1))}
              said={said(row)}
              focus={index === 0}
              onChange={(next) => { setRows(rows.map((each) => (each.id === row.id ? { ...each, ...next } : each))); }}
              onRemove={() => { setRows(rows.length === 1 ? [newRow()] : rows.filter((each) => each.id !== row.id)); }}
            />
          ))}
        </ul>
        <div>
          <Button small icon={<Plus size={13} aria-hidden />} onClick={() => { setRows([...rows, newRow()]); }}>
            Add a tag
          </Button>
        </div>
      </fieldset>
      <div>
        <Label htmlFor={field}>Keys of tags to remove</Label>
        <TextField id={field} mono placeholder="for example env tier" value={removed} onChange={(event) => { setRemoved(event.target.value); }} />
      </div>
      <p role="status" className={styles.wrong}>
        {both !== undefined ? `The key “${both.key}” is both given a value and removed. Decide for one.` : mistakes.find((mistake) => mistake.kind !== "duplicate")?.message}
      </p>
      <Tell action={whole ? { case: "tag", value: { set, remove } } : undefined} onChange={onChange} />
    </>
  );
}
