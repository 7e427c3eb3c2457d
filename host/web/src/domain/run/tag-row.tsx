import { Trash2 } from "lucide-react";
import type { ChangeEvent } from "react";
import { IconButton, TextButton } from "@/ui/button";
import { TextField, TextLines } from "@/ui/field";
import styles from "./tag-row.module.css";
import type { RowProblem, TagRow } from "./tag-rows";

/** A tag to be, as two fields; says what is wrong with it. */
export function TagRowFields({ row, number, problem, said = [], fixedKey = false, focus = false, onChange, onRemove }: {
  row: TagRow;
  number: number;
  problem: RowProblem | undefined;
  /** What the host says is wrong with it. */
  said?: readonly string[];
  /** Its key is that of a tag that is there. */
  fixedKey?: boolean;
  focus?: boolean;
  onChange: (next: Partial<TagRow>) => void;
  onRemove: () => void;
}) {
  const id = `problem-${row.id}`;
  const wrong = problem !== undefined || said.length > 0;
  const described = wrong ? id : undefined;
  // A field for one line would drop the line breaks of a value that has some.
  const Value = row.given?.includes("\n") === true ? TextLines : TextField;
  return (
    <li className={styles.row}>
      <TextField
        mono
        aria-label={`Key of tag ${number}`}
        placeholder="key"
        value={row.key}
        readOnly={fixedKey}
        title={fixedKey ? row.key : undefined}
        data-autofocus={focus ? true : undefined}
        aria-invalid={said.length > 0 || (problem !== undefined && problem.kind !== "no-value")}
        aria-describedby={described}
        onChange={(event) => { onChange({ key: event.target.value }); }}
      />
      <Value
        mono
        aria-label={`Value of tag ${number}`}
        placeholder={row.bare ? "no value" : "value"}
        value={row.value}
        aria-invalid={said.length > 0 || problem?.kind === "no-value"}
        aria-describedby={described}
        onChange={(event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => { onChange({ value: event.target.value, bare: false }); }}
      />
      <IconButton label={`Remove tag ${number}`} onClick={onRemove}>
        <Trash2 size={14} />
      </IconButton>
      {wrong && (
        <div id={id} role="alert" className={styles.problem}>
          {problem !== undefined && (
            <p>
              {problem.message}{" "}
              {problem.kind === "no-value" && <TextButton onClick={() => { onChange({ bare: true }); }}>Keep it without a value</TextButton>}
            </p>
          )}
          {said.map((message) => (
            <p key={message}>{message}</p>
          ))}
        </div>
      )}
    </li>
  );
}
