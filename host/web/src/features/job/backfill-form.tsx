import { Plus } from "lucide-react";
import { useId } from "react";
import { TagRowFields } from "@/domain/run/tag-row";
import { newRow, rowProblems } from "@/domain/run/tag-rows";
import { plural } from "@/lib/plural";
import { Button } from "@/ui/button";
import { Checkbox, Label, TextField } from "@/ui/field";
import type { BackfillFormState } from "./backfill-request";
import styles from "./partitions.module.css";

const ofs = [
  { of: "every", label: "every one" },
  { of: "failed", label: "only those whose newest run failed or was canceled" },
  { of: "missing", label: "only those without a run that ended well" },
] as const;

/** Which partitions, and how their runs are launched. */
export function BackfillForm({ form, count, onChange }: { form: BackfillFormState; count: number; onChange: (next: Partial<BackfillFormState>) => void }) {
  const id = useId();
  const mistakes = rowProblems(form.tags);
  const whiches = [
    { which: "picked", label: `The ${plural(count, "selected row")}`, there: count > 0 },
    { which: "all", label: "All partitions", there: true },
    { which: "range", label: "A range", there: true },
  ] as const;
  return (
    <>
      <fieldset className={styles.choices}>
        <legend>Partitions</legend>
        {whiches
          .filter(({ there }) => there)
          .map(({ which, label }) => (
            <label key={which} className={styles.choice}>
              <input type="radio" name={`${id}which`} checked={form.which === which} onChange={() => { onChange({ which }); }} />
              {label}
            </label>
          ))}
        {form.which === "range" && (
          <div className={styles.pair}>
            <TextField mono aria-label="From" placeholder="from: the first" value={form.from} onChange={(event) => { onChange({ from: event.target.value }); }} />
            <TextField mono aria-label="To, this one too" placeholder="to: the last" value={form.to} onChange={(event) => { onChange({ to: event.target.value }); }} />
          </div>
        )}
      </fieldset>
      <fieldset className={styles.choices}>
        <legend>Of these</legend>
        {ofs.map(({ of, label }) => (
          <label key={of} className={styles.choice}>
            <input type="radio" name={`${id}of`} checked={form.of === of} onChange={() => { onChange({ of }); }} />
            {label}
          </label>
        ))}
      </fieldset>
      <div className={styles.pair}>
        <div>
          <Label htmlFor={`${id}t`}>Title, for people</Label>
          <TextField id={`${id}t`} maxLength={100} value={form.title} onChange={(event) => { onChange({ title: event.target.value }); }} />
        </div>
        <div>
          <Label htmlFor={`${id}m`}>Runs at a time, at most</Label>
          <TextField id={`${id}m`} inputMode="numeric" placeholder="10" value={form.maxOpenRuns} aria-invalid={form.maxOpenRuns !== "" && !/^\d+$/.test(form.maxOpenRuns)} onChange={(event) => { onChange({ maxOpenRuns: event.target.value.trim() }); }} />
        </div>
        <div>
          <Label htmlFor={`${id}o`}>Op selection</Label>
          <TextField id={`${id}o`} mono placeholder="all ops" value={form.ops} onChange={(event) => { onChange({ ops: event.target.value }); }} />
        </div>
      </div>
      <Checkbox label="The newest partition first" checked={form.newestFirst} onChange={(newestFirst) => { onChange({ newestFirst }); }} />
      <fieldset className={styles.choices}>
        <legend>Tags that all runs get</legend>
        <ul className={styles.rowsOfTags} aria-label="Tags that all runs get">
          {form.tags.map((row, index) => (
            <TagRowFields
              key={row.id}
              row={row}
              number={index + 1}
              problem={mistakes.find((mistake) => mistake.row === row.id && (mistake.kind === "duplicate" || index < form.tags.length - 1))}
              onChange={(next) => { onChange({ tags: form.tags.map((each) => (each.id === row.id ? { ...each, ...next } : each)) }); }}
              onRemove={() => { onChange({ tags: form.tags.length === 1 ? [newRow()] : form.tags.filter((each) => each.id !== row.id) }); }}
            />
          ))}
        </ul>
        <div>
          <Button small icon={<Plus size={13} aria-hidden />} onClick={() => { onChange({ tags: [...form.tags, newRow()] }); }}>
            Add a tag
          </Button>
        </div>
      </fieldset>
    </>
  );
}
