import { useQuery } from "@connectrpc/connect-query";
import { useNavigate } from "@tanstack/react-router";
import { useId, useState, type SyntheticEvent } from "react";
import { JobService } from "@/gen/penstock/host/v1/job_pb";
import { StateIcon } from "@/ui/badge";
import { SearchField } from "@/ui/field";
import { Link } from "@/ui/link";
import { formatJobName } from "@/domain/job/job-name";
import { withTag, type RunsView } from "@/domain/paths";
import styles from "./run-browser.module.css";
import { runStatuses } from "./run-status";
import { formatTag, parseTag, tagLabel } from "./tag";
import { FilterChip } from "./tag-chip";

/** The filter of a page of runs: tags, job, statuses. Every change is a new address. */
export function RunFilterBar({ view, hrefOf, withJob }: { view: RunsView; hrefOf: (view: RunsView) => string; withJob: boolean }) {
  const navigate = useNavigate();
  const show = (next: RunsView) => void navigate({ href: hrefOf({ ...next, cursor: "" }) });
  return (
    <div className={styles.bar} role="search" aria-label="Filter runs">
      <div className={styles.tagField}>
        <TagField onTag={(text) => {
          const tag = parseTag(text);
          if (tag !== undefined) show(withTag(view, tag));
        }} />
      </div>
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
      {(view.tags.length > 0 || view.job !== "") && (
        <div className={styles.chosen}>
          {view.tags.map((tag) => (
            <FilterChip
              key={formatTag(tag)}
              label={tag.value === "" ? tagLabel(tag.key) : `${tagLabel(tag.key)}: ${tag.value}`}
              onRemove={() => { show({ ...view, tags: view.tags.filter((other) => formatTag(other) !== formatTag(tag)) }); }}
            />
          ))}
          {view.job !== "" && <FilterChip label={`job ${view.job}`} onRemove={() => { show({ ...view, job: "" }); }} />}
        </div>
      )}
    </div>
  );
}

function TagField({ onTag }: { onTag: (text: string) => void }) {
  const [text, setText] = useState("");
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (text.trim() === "") return;
    onTag(text.trim());
    setText("");
  };
  return (
    <form onSubmit={submit}>
      <SearchField aria-label="Add a tag to the filter" placeholder="Tag, as key:value" value={text} onChange={(event) => { setText(event.target.value); }} />
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
