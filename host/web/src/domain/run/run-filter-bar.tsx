import { useQuery } from "@connectrpc/connect-query";
import { useNavigate } from "@tanstack/react-router";
import { useId, useState, type SyntheticEvent } from "react";
import { JobService } from "@/gen/penstock/host/v1/job_pb";
import { StateIcon } from "@/ui/badge";
import { SearchField, Select } from "@/ui/field";
import { Link } from "@/ui/link";
import { formatJobName } from "@/domain/job/job-name";
import { useLocations } from "@/domain/location/location-feed";
import { withTag, type RunsView } from "@/domain/paths";
import styles from "./run-browser.module.css";
import { runStatuses } from "./run-status";
import { formatTag, parseTag, tagLabel } from "./tag";
import { FilterChip } from "./tag-chip";

/** The filter of a page of runs: tags, job, statuses, the code they ran on. Every change is a new address. */
export function RunFilterBar({ view, hrefOf, withJob }: { view: RunsView; hrefOf: (view: RunsView) => string; withJob: boolean }) {
  const navigate = useNavigate();
  const show = (next: RunsView) => void navigate({ href: hrefOf({ ...next, cursor: "" }) });
  const named = names.filter(([field]) => view[field] !== "");
  return (
    <div className={styles.bar} role="search" aria-label="Filter runs">
      <AddField withLocation={withJob} onAdd={(kind, text) => {
        if (kind !== "tag") {
          show({ ...view, [kind]: text });
          return;
        }
        const tag = parseTag(text);
        if (tag !== undefined) show(withTag(view, tag));
      }} />
      {withJob && (
        <div className={styles.jobField}>
          <JobField key={view.job} job={view.job} onJob={(job) => { show({ ...view, job }); }} />
        </div>
      )}
      <div className={styles.statuses}>
        {runStatuses.map((data) => {
          const chosen = view.statuses.includes(data.status);
          const statuses = chosen ? view.statuses.filter((status) => status !== data.status) : [...view.statuses, data.status];
          return (
            <Link key={data.name} href={hrefOf({ ...view, statuses, cursor: "" })} className={styles.status} aria-current={chosen ? "true" : undefined}>
              <StateIcon look={{ ...data, turning: false }} size={12} />
              {data.label}
            </Link>
          );
        })}
      </div>
      {(view.tags.length > 0 || named.length > 0) && (
        <div className={styles.chosen}>
          {view.tags.map((tag) => (
            <FilterChip
              key={formatTag(tag)}
              label={tag.value === "" ? tagLabel(tag.key) : `${tagLabel(tag.key)}: ${tag.value}`}
              onRemove={() => { show({ ...view, tags: view.tags.filter((other) => formatTag(other) !== formatTag(tag)) }); }}
            />
          ))}
          {named.map(([field, label]) => (
            <FilterChip key={field} label={`${label} ${view[field]}`} onRemove={() => { show({ ...view, [field]: "" }); }} />
          ))}
        </div>
      )}
    </div>
  );
}

// What a run is filtered by beside tags and statuses, with the word on its chip.
const names = [
  ["job", "job"],
  ["location", "location"],
  ["codeVersion", "code version"],
  ["snapshot", "snapshot"],
] as const;

type AddKind = "tag" | Exclude<(typeof names)[number][0], "job">;

const addKinds: readonly { kind: AddKind; label: string; words: string; hint: string }[] = [
  { kind: "tag", label: "Tag", words: "Add a tag to the filter", hint: "key:value" },
  { kind: "codeVersion", label: "Code version", words: "Only runs of this code version", hint: "at launch or at the start" },
  { kind: "snapshot", label: "Snapshot", words: "Only runs of this snapshot of a job", hint: "id, or its first 4 digits or more" },
  { kind: "location", label: "Location", words: "Only runs of this code location", hint: "name" },
];

function AddField({ withLocation, onAdd }: { withLocation: boolean; onAdd: (kind: AddKind, text: string) => void }) {
  const [kind, setKind] = useState<AddKind>("tag");
  const [text, setText] = useState("");
  const list = useId();
  const locations = useLocations();
  const chosen = addKinds.find((each) => each.kind === kind);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (text.trim() === "") return;
    onAdd(kind, text.trim());
    setText("");
  };
  return (
    <form onSubmit={submit} className={styles.addField}>
      <Select aria-label="Filter by" value={kind} onChange={(event) => { setKind(event.target.value as AddKind); }}>
        {addKinds.filter((each) => withLocation || each.kind !== "location").map((each) => (
          <option key={each.kind} value={each.kind}>
            {each.label}
          </option>
        ))}
      </Select>
      <SearchField
        aria-label={chosen?.words}
        placeholder={chosen?.hint}
        value={text}
        list={kind === "location" ? list : undefined}
        onChange={(event) => { setText(event.target.value); }}
      />
      <datalist id={list}>
        {kind === "location" && locations.data?.locations.map((each) => <option key={each.name} value={each.name} />)}
      </datalist>
    </form>
  );
}

function JobField({ job, onJob }: { job: string; onJob: (job: string) => void }) {
  const [text, setText] = useState(job);
  const [typing, setTyping] = useState(false);
  const list = useId();
  const { data } = useQuery(JobService.method.listJobs, { search: text.split("/").at(-1) ?? "", pageSize: 20 }, { enabled: typing });
  const names = (data?.jobs ?? []).map((each) => each.name).filter((name) => name !== undefined).map(formatJobName);
  const change = (next: string) => {
    setText(next);
    // A suggestion that was taken is a whole name: no need to press Enter.
    if (names.includes(next)) onJob(next);
  };
  return (
    <form onSubmit={(event) => { event.preventDefault(); onJob(text.trim()); }}>
      <SearchField
        aria-label="Only runs of this job"
        placeholder="Job"
        value={text}
        list={list}
        onFocus={() => { setTyping(true); }}
        onChange={(event) => { change(event.target.value); }}
      />
      <datalist id={list}>
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </form>
  );
}
