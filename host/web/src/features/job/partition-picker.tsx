import { useState, type Ref } from "react";
import { formatJobName, type JobNameText } from "@/domain/job/job-name";
import { dimensionKeys } from "@/domain/partition/partition-key";
import { usePartitionKeys } from "@/domain/partition/use-partition-keys";
import { paths } from "@/domain/paths";
import type { PartitionsDefinition } from "@/gen/penstock/usercode/v1/automation_pb";
import { useDebounced } from "@/lib/debounced";
import { formatLocal, instantMs } from "@/lib/instant";
import { plural } from "@/lib/plural";
import { Combobox } from "@/ui/combobox";
import { Link } from "@/ui/link";
import { Note, Section } from "@/ui/panel";
import styles from "./launchpad.module.css";

const shown = 20;
const restMs = 150;

/** Chooses the partition that a run is of: of each dimension one key, the newest first. */
export function PartitionPicker({ name, definition, value, field, invalid, onChange }: {
  name: JobNameText;
  definition: PartitionsDefinition;
  /** The partition's whole key; empty for none. */
  value: string;
  field: Ref<HTMLInputElement>;
  invalid: boolean;
  onChange: (key: string) => void;
}) {
  const keys = dimensionKeys(value);
  const choose = (index: number, key: string) => {
    const next = definition.dimensions.map((_, each) => (each === index ? key : (keys[each] ?? "")));
    onChange(next.every((each) => each === "") ? "" : next.join("|"));
  };
  return (
    <Section title="Partition" actions={<Link href={paths.jobPartitions(name)}>Show all</Link>}>
      <div className={styles.pickers}>
        {definition.dimensions.map((dimension, index) => (
          <KeyPicker
            key={dimension.name}
            job={formatJobName(name)}
            dimension={dimension.name}
            label={definition.dimensions.length === 1 ? "Partition" : `Partition: ${dimension.name}`}
            value={keys[index] ?? ""}
            {...(index === 0 ? { field } : {})}
            invalid={invalid}
            onChange={(key) => { choose(index, key); }}
          />
        ))}
      </div>
      {value === "" && (
        <div className={styles.fieldHint}>
          <Note>Without one, the run is of no partition.</Note>
        </div>
      )}
    </Section>
  );
}

function KeyPicker({ job, dimension, label, value, field, invalid, onChange }: {
  job: string;
  dimension: string;
  label: string;
  value: string;
  field?: Ref<HTMLInputElement>;
  invalid: boolean;
  onChange: (key: string) => void;
}) {
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const prefix = useDebounced(value, restMs);
  const { data } = usePartitionKeys({ job, dimension, prefix, newestFirst: true, pageSize: shown });
  const [page] = data?.pages ?? [];
  const options = (page?.keys ?? []).map(({ key, start }) => {
    const ms = instantMs(start);
    return { key, label: key, ...(ms === undefined ? {} : { detail: formatLocal(ms) }) };
  });
  const more = Number(page?.total ?? 0n) - options.length;
  return (
    <Combobox
      {...(field === undefined ? {} : { ref: field })}
      aria-label={label}
      placeholder={label === "Partition" ? "none; type to search" : `${dimension}: type to search`}
      aria-invalid={invalid}
      value={value}
      options={options}
      optionsLabel="Partitions, newest first"
      foot={more > 0 ? `${plural(more, "more", "more")}: type the beginning of one` : undefined}
      open={open}
      active={active}
      onOpen={setOpen}
      onActive={setActive}
      onCursor={() => undefined}
      onText={(text) => {
        onChange(text.trim());
        setActive(-1);
        setOpen(true);
      }}
      onTake={(index) => {
        onChange(options[index]?.key ?? "");
        setActive(-1);
        setOpen(false);
      }}
      onEnter={() => undefined}
    />
  );
}
