import { useId, type Ref } from "react";
import type { JobNameText } from "@/domain/job/job-name";
import { paths } from "@/domain/paths";
import { makesSense, reexecutings } from "@/domain/run/reexecution";
import { ReexecutionStrategy, type PreviewRunResponse, type Run } from "@/gen/penstock/host/v1/run_pb";
import { TextField } from "@/ui/field";
import { Link } from "@/ui/link";
import { Note, Section } from "@/ui/panel";
import type { Draft } from "./draft";
import { InputsFrom } from "./inputs-from";
import styles from "./launchpad.module.css";

/** Which ops are executed: an op selection; of a run that is executed again all, those from its failure, or a selection. */
export function OpChoice({ name, draft, parent, preview, invalid, selection, inputsFrom, onChange }: {
  name: JobNameText;
  draft: Draft;
  parent: Run | undefined;
  preview: PreviewRunResponse | undefined;
  /** Parts of the launch with which something is wrong. */
  invalid: ReadonlySet<string>;
  /** The fields, to lead to what is wrong with them. */
  selection: Ref<HTMLInputElement>;
  inputsFrom: Ref<HTMLInputElement>;
  onChange: (next: Partial<Draft>) => void;
}) {
  const group = useId();
  const { parent: again } = draft;
  const selects = again === undefined || again.strategy === ReexecutionStrategy.SELECTED;
  return (
    <>
      {again !== undefined && parent !== undefined && (
        <Section title="Ops to execute again">
          <div role="radiogroup" aria-label="Ops to execute again" className={styles.strategies}>
            {reexecutings.map(({ strategy, label, meaning }) => {
              const senseless = !makesSense(strategy, parent);
              return (
                <label key={strategy} className={styles.strategy}>
                  <input
                    type="radio"
                    name={group}
                    checked={again.strategy === strategy}
                    disabled={senseless && again.strategy !== strategy}
                    onChange={() => { onChange({ parent: { ...again, strategy } }); }}
                  />
                  <span>
                    {label}
                    <Note>{senseless ? "Nothing of that run failed." : meaning}</Note>
                  </span>
                </label>
              );
            })}
          </div>
          {!selects && preview !== undefined && preview.opSelection !== "" && (
            <p className={styles.selectionText}>
              That is <code>{preview.opSelection}</code>
            </p>
          )}
        </Section>
      )}
      {selects && (
        <Section title="Op selection" actions={draft.ops === "" ? undefined : <Link href={paths.job(name, { select: draft.ops })}>Show in the graph</Link>}>
          <TextField
            ref={selection}
            mono
            aria-label="Op selection"
            placeholder={again === undefined ? "all ops; or for example *report, read+" : "for example parse[2024], *report or read+"}
            value={draft.ops}
            aria-invalid={invalid.has("op_selection")}
            onChange={(event) => { onChange({ ops: event.target.value }); }}
          />
          <div className={styles.fieldHint}>
            <Note>
              Names with commas between; <code>*name</code> with all before it, <code>name*</code> with all after it, <code>+name</code> and <code>name+</code> with one step. Or an expression:{" "}
              <code>*name:"write_*" and not (b or c)</code>, <code>2+sinks(graph)</code>.
              {again !== undefined && (
                <>
                  {" "}
                  One instance of a mapped op: <code>name[key]</code>.
                </>
              )}
            </Note>
          </div>
        </Section>
      )}
      {again === undefined && (draft.ops !== "" || draft.inputsFrom !== "" || (preview?.missingInputs.length ?? 0) > 0) && (
        <InputsFrom name={name} value={draft.inputsFrom} field={inputsFrom} invalid={invalid.has("inputs_from")} onChange={(run) => { onChange({ inputsFrom: run }); }} />
      )}
    </>
  );
}
