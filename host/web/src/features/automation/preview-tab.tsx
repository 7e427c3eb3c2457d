import { useQuery } from "@connectrpc/connect-query";
import { keepPreviousData } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useId } from "react";
import type { AutomationNameText } from "@/domain/automation/automation-name";
import { cronWords } from "@/domain/automation/cron-words";
import { zoneOf } from "@/domain/automation/next-tick";
import { Failure } from "@/domain/host/failure";
import { paths, type AutomationView } from "@/domain/paths";
import { AutomationService, type Automation } from "@/gen/penstock/host/v1/automation_pb";
import type { Problem } from "@/gen/penstock/host/v1/problem_pb";
import { useDebounced } from "@/lib/debounced";
import { inertText } from "@/lib/inert-text";
import { Label, TextField, TextLines } from "@/ui/field";
import { ButtonLink } from "@/ui/link";
import { Note, Panel } from "@/ui/panel";
import { Callout, Loading } from "@/ui/states";
import styles from "./automation-page.module.css";
import { PreviewTable } from "./preview-table";

const restMs = 250;
const count = 30;

/** The last and next instants of a schedule, also under other crons and in another zone. */
export function PreviewTab({ name, automation, view }: { name: AutomationNameText; automation: Automation; view: AutomationView }) {
  const id = useId();
  const navigate = useNavigate();
  const { schedule } = automation;
  const crons = view.crons.length > 0 ? view.crons : (schedule?.crons ?? []);
  const zone = view.zone === "" ? zoneOf(schedule?.zone ?? "") : view.zone;
  const changed = view.crons.length > 0 || view.zone !== "";
  const text = useDebounced(JSON.stringify([view.crons.map((cron) => cron.trim()).filter((cron) => cron !== ""), view.zone.trim()]), restMs);
  const [askedCrons, askedZone] = JSON.parse(text) as [string[], string];
  const { location, repository } = name;
  const { data, error, refetch, isFetching } = useQuery(
    AutomationService.method.previewSchedule,
    { name: { location, repository, name: name.name }, crons: askedCrons, zone: askedZone, count },
    { placeholderData: keepPreviousData },
  );
  const show = (next: Partial<AutomationView>) => void navigate({ href: paths.automation(name, { tab: "preview", crons: view.crons, zone: view.zone, ...next }), replace: true, resetScroll: false });
  return (
    <Panel
      title="When it ticks"
      padded={false}
      actions={
        changed ? (
          <ButtonLink small href={paths.automation(name, { tab: "preview" })}>
            As the definition says
          </ButtonLink>
        ) : undefined
      }
    >
      <div className={styles.tools}>
        <div className={styles.field}>
          <Label htmlFor={`${id}c`}>Crons, a line each</Label>
          <TextLines id={`${id}c`} mono rows={Math.max(1, crons.length)} value={crons.join("\n")} onChange={(event) => { show({ crons: event.target.value.split("\n") }); }} />
        </div>
        <div className={styles.field}>
          <Label htmlFor={`${id}z`}>Zone</Label>
          <TextField id={`${id}z`} mono value={zone} onChange={(event) => { show({ zone: event.target.value }); }} />
        </div>
      </div>
      <div className={styles.message}>
        <Note>
          {crons.map((cron) => cronWords(cron)).filter((words) => words !== undefined).join("; ")}
          {changed ? " Nothing is changed by this: it shows what would be." : ""}
        </Note>
        {error !== null && <Failure doing="preview it" error={error} retry={() => void refetch()} />}
        {data !== undefined && data.problems.length > 0 && <Problems problems={data.problems} />}
      </div>
      {data === undefined && error === null && <Loading what="instants" />}
      {data?.problems.length === 0 && (
        <div aria-busy={isFetching}>
          <PreviewTable name={name} past={data.past} next={data.next} zone={data.zone} testable={!changed} />
        </div>
      )}
    </Panel>
  );
}

function Problems({ problems }: { problems: readonly Problem[] }) {
  return (
    <Callout tone="bad" title="This is no schedule" live>
      <ul>
        {problems.map((problem, index) => (
          <li key={index}>
            {problem.path !== "" && <code>{inertText(problem.path)}: </code>}
            {inertText(problem.message)}
          </li>
        ))}
      </ul>
    </Callout>
  );
}
