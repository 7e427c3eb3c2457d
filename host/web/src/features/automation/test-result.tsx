import type { AutomationNameText } from "@/domain/automation/automation-name";
import { tickStatusData } from "@/domain/automation/tick-status";
import { paths } from "@/domain/paths";
import { originText, userFirst } from "@/domain/run/tag";
import { TagChip } from "@/domain/run/tag-chip";
import { TickStatus, type TestAutomationResponse, type TestedRun } from "@/gen/penstock/host/v1/automation_pb";
import { formatDuration } from "@/lib/duration";
import { inertText } from "@/lib/inert-text";
import { plural } from "@/lib/plural";
import { Badge } from "@/ui/badge";
import { Link } from "@/ui/link";
import { Note, Panel, Section, Subtitle } from "@/ui/panel";
import { Callout } from "@/ui/states";
import { CodeBlock, Facts } from "@/ui/table";
import styles from "./automation-page.module.css";

/** What a tick would be: how it would go, and each run that it would make. */
export function TestResult({ result, name }: { result: TestAutomationResponse; name: AutomationNameText }) {
  const { status, skipReason, error, runs, cursor, logLines, duration, partitionKeys } = result;
  const made = plural(runs.filter((run) => !run.knownRunKey).length, "run");
  return (
    <Panel title={status === TickStatus.FAILURE ? "It would fail" : `It would make ${made}`} actions={<Badge look={tickStatusData(status)} />} padded={false}>
      <Section title="Tick">
        <div className={styles.parts} role="status">
          {error !== "" && <Callout tone="bad" title={inertText(error)} />}
          {skipReason !== "" && <p>{inertText(skipReason)}</p>}
          <Facts
            facts={[
              ["Took", duration === undefined ? undefined : formatDuration(Number(duration.seconds) * 1000 + duration.nanos / 1e6)],
              ["Cursor after it", cursor === "" ? undefined : <code>{inertText(cursor)}</code>],
            ]}
          />
          {partitionKeys.map(({ dimension, add, remove }) => (
            <p key={dimension}>
              Partitions of {inertText(dimension)}: {[...add.map((key) => `+ ${inertText(key)}`), ...remove.map((key) => `− ${inertText(key)}`)].join(", ")}
            </p>
          ))}
          {logLines.length > 0 && <CodeBlock wrap label="What it logged" text={logLines.map(inertText).join("\n")} />}
        </div>
      </Section>
      {runs.map((run, index) => (
        <Run key={index} run={run} number={index + 1} name={name} />
      ))}
    </Panel>
  );
}

function Run({ run: { request, tags, knownRunKey, preview }, number, name }: { run: TestedRun; number: number; name: AutomationNameText }) {
  const job = preview?.job ?? (request === undefined || request.job === "" ? undefined : { location: name.location, repository: name.repository, job: request.job });
  const problems = preview?.problems ?? [];
  const config = request?.configYaml === "" ? (preview?.configYaml ?? "") : (request?.configYaml ?? "");
  return (
    <Section title={`Run ${number}`}>
      <div className={styles.parts}>
        {knownRunKey && <Callout tone="info">There is a run for its key already: none would be made.</Callout>}
        {problems.length > 0 && (
          <Callout tone="bad" title="It could not be launched: the tick would fail, and none of its runs be made">
            <ul>
              {problems.map((problem, index) => (
                <li key={index}>
                  {problem.path !== "" && <code>{inertText(problem.path)}: </code>}
                  {inertText(problem.message)}
                </li>
              ))}
            </ul>
          </Callout>
        )}
        <Facts
          facts={[
            ["Job", job === undefined ? undefined : <Link href={paths.job(job)}>{job.job}</Link>],
            ["Partition", request?.partition === "" ? undefined : <code>{inertText(request?.partition ?? "")}</code>],
            ["Run key", request?.runKey === "" ? undefined : <code>{inertText(request?.runKey ?? "")}</code>],
            ["Op selection", request?.opSelection === "" ? undefined : <code>{inertText(request?.opSelection ?? "")}</code>],
          ]}
        />
        <ul className={styles.list} aria-label={`Tags of run ${number}`}>
          {userFirst(tags).map((tag) => (
            <li key={tag.key}>
              <TagChip tag={tag} />
              <span className={styles.aside}>{originText(tag)}</span>
            </li>
          ))}
        </ul>
        {config.trim() === "" ? <Note>Without config.</Note> : <><Subtitle>Config</Subtitle><CodeBlock label={`Config of run ${number}`} text={config} /></>}
      </div>
    </Section>
  );
}
