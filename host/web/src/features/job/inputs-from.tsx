import { useQuery } from "@connectrpc/connect-query";
import { useId, type Ref } from "react";
import { formatJobName, type JobNameText } from "@/domain/job/job-name";
import { paths } from "@/domain/paths";
import { runStatusData } from "@/domain/run/run-status";
import { RunService, type Run } from "@/gen/penstock/host/v1/run_pb";
import { formatLocal, instantMs } from "@/lib/instant";
import { TextField } from "@/ui/field";
import { Link } from "@/ui/link";
import { Note, Section } from "@/ui/panel";
import styles from "./launchpad.module.css";

const latest = 20;

/** Chooses the run whose outputs are the inputs that selected ops lack. */
export function InputsFrom({ name, value, field, invalid, onChange }: {
  name: JobNameText;
  value: string;
  field: Ref<HTMLInputElement>;
  invalid: boolean;
  onChange: (value: string) => void;
}) {
  const list = useId();
  const { data } = useQuery(RunService.method.listRuns, { filter: { job: formatJobName(name) }, pageSize: latest });
  const runs = (data?.runs ?? []).filter((run) => runStatusData(run.status).final);
  const known = runs.some((run) => run.id === value);
  return (
    <Section title="Inputs from a run" actions={known ? <Link href={paths.run(value)}>Show the run</Link> : undefined}>
      <TextField
        ref={field}
        mono
        aria-label="Run whose outputs are the inputs that the ops lack"
        placeholder="run id, or its beginning"
        value={value}
        list={list}
        aria-invalid={invalid}
        onChange={(event) => { onChange(event.target.value.trim()); }}
      />
      <datalist id={list}>
        {runs.map((run) => (
          <option key={run.id} value={run.id} label={labelOf(run)} />
        ))}
      </datalist>
      <div className={styles.fieldHint}>
        <Note>
          What the selected ops need of ops that are left out is taken from what that run stored. Or give the values in the config, in a section <code>inputs:</code>.
        </Note>
      </div>
    </Section>
  );
}

function labelOf({ status, createdAt }: Run): string {
  const created = instantMs(createdAt);
  return `${runStatusData(status).label}${created === undefined ? "" : `, ${formatLocal(created)}`}`;
}
