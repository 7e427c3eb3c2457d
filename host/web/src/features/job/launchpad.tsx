import { useNavigate } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useState } from "react";
import { useJob, useJobParams } from "@/domain/job/use-job";
import { formatJobName } from "@/domain/job/job-name";
import { paths } from "@/domain/paths";
import type { Job } from "@/gen/penstock/host/v1/job_pb";
import type { JobDefinition } from "@/gen/penstock/usercode/v1/body_pb";
import { hex } from "@/lib/bytes";
import { useSearchParams } from "@/lib/search";
import { Button } from "@/ui/button";
import { Callout } from "@/ui/states";
import { definitionChanges } from "./definition-changes";
import { isEmptyDraft, loadDraft, saveDraft, type Draft } from "./draft";
import { LaunchForm } from "./launch-form";

/** Prepares a run of the job and launches it. */
export function LaunchpadTab() {
  const name = useJobParams();
  const { data } = useJob(name);
  const job = data?.job;
  if (job?.definition === undefined) return null;
  return <Launchpad key={formatJobName(name)} job={job} definition={job.definition} />;
}

function Launchpad({ job, definition }: { job: Job; definition: JobDefinition }) {
  const name = useJobParams();
  const digest = hex(job.definitionDigest);
  const [draft, setDraft] = useState(() => loadDraft(name));
  const change = (next: Partial<Draft>) => {
    const changed = { ...draft, ...next, digest: draft.digest === "" ? digest : draft.digest };
    setDraft(changed);
    saveDraft(name, changed);
  };
  useOpsOfAddress((ops) => { change({ ops }); });
  const [seen, setSeen] = useState(definition);
  const outdated = draft.digest !== "" && draft.digest !== digest && !isEmptyDraft(draft);
  const acknowledge = () => {
    setSeen(definition);
    const changed = { ...draft, digest };
    setDraft(changed);
    saveDraft(name, changed);
  };
  return (
    <div style={{ display: "grid", gap: "0.75rem" }}>
      {outdated && (
        <Callout tone="warn" title="The job's definition changed since you began" live>
          <p>Your text, tags and op selection are kept; they are checked against the new definition.</p>
          <ul>
            {definitionChanges(seen, definition).map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
          <div>
            <Button small onClick={acknowledge}>Continue with the new definition</Button>
          </div>
        </Callout>
      )}
      <LaunchForm job={job} definition={definition} name={name} draft={draft} onChange={change} />
    </div>
  );
}

// A link may bring an op selection. It becomes part of the draft, and leaves the address.
function useOpsOfAddress(onOps: (ops: string) => void): void {
  const name = useJobParams();
  const ops = useSearchParams().ops?.[0] ?? "";
  const navigate = useNavigate();
  const take = useEffectEvent(() => {
    onOps(ops);
    void navigate({ href: paths.launchpad(name), replace: true });
  });
  useEffect(() => {
    if (ops !== "") take();
  }, [ops]);
}
