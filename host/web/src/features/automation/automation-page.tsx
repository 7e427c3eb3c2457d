import { Code } from "@connectrpc/connect";
import { useParams } from "@tanstack/react-router";
import { automationKind } from "@/domain/automation/automation-kind";
import { AutomationMarks, AutomationProblem } from "@/domain/automation/automation-marks";
import { AutomationToggle } from "@/domain/automation/automation-toggle";
import { formatAutomationName, type AutomationNameText } from "@/domain/automation/automation-name";
import { useAutomation, useAutomationFeed } from "@/domain/automation/use-automations";
import { Failure } from "@/domain/host/failure";
import { paths, readAutomationView, type AutomationView } from "@/domain/paths";
import { AutomationKind, type Automation } from "@/gen/penstock/host/v1/automation_pb";
import { assertUnreachable } from "@/lib/assert-unreachable";
import { useSearchParams } from "@/lib/search";
import { CopyButton } from "@/ui/copy-button";
import { ButtonLink, Link } from "@/ui/link";
import { Page, Tabs } from "@/ui/page";
import { Loading } from "@/ui/states";
import styles from "./automation-page.module.css";
import { DefinitionPanel } from "./definition-panel";
import { PreviewTab } from "./preview-tab";
import { TestTab } from "./test-tab";
import { TickList } from "./tick-list";

/** A schedule or sensor: what it is, how it ticked, when it will, and what a tick would make. */
export function AutomationPage() {
  const { location = "", repository = "", name = "" } = useParams({ strict: false });
  const named: AutomationNameText = { location, repository, name };
  const view = readAutomationView(useSearchParams());
  useAutomationFeed(named);
  const { data, error, refetch } = useAutomation(named);
  const automation = data?.automation;
  return (
    <Page
      name={name}
      above={
        <>
          <Link href={paths.automations()}>Automation</Link> / <Link href={paths.location(location)}>{location}</Link> / <span>{repository}</span>
        </>
      }
      title={
        <>
          {name}
          <CopyButton text={formatAutomationName(named)} label="Copy the whole name" />
          {automation !== undefined && <AutomationMarks automation={automation} />}
        </>
      }
      actions={automation === undefined ? undefined : <AutomationToggle automation={automation} />}
    >
      {error !== null && automation === undefined && (
        <div className={styles.stack}>
          <Failure doing={`${error.code === Code.NotFound ? "find" : "load"} ${name}`} error={error} retry={() => void refetch()} />
          <div>
            <ButtonLink href={paths.automations()}>Show all schedules and sensors</ButtonLink>
          </div>
        </div>
      )}
      {automation === undefined && error === null && <Loading what={name} />}
      {automation !== undefined && <Body name={named} automation={automation} view={view} />}
    </Page>
  );
}

function Body({ name, automation, view }: { name: AutomationNameText; automation: Automation; view: AutomationView }) {
  const isSchedule = automation.name?.kind !== AutomationKind.SENSOR;
  const tab = view.tab === "preview" && !isSchedule ? "ticks" : view.tab;
  const tabs = [
    { href: paths.automation(name), label: "Ticks", current: tab === "ticks" },
    ...(isSchedule ? [{ href: paths.automation(name, { tab: "preview" }), label: "Preview", current: tab === "preview" }] : []),
    { href: paths.automation(name, { tab: "test" }), label: "Test", current: tab === "test" },
  ];
  return (
    <div className={styles.stack}>
      <AutomationProblem automation={automation} />
      <div className={styles.split}>
        <div className={styles.main}>
          <Tabs label={automationKind(automation.name?.kind).label} tabs={tabs} />
          <Tab tab={tab} name={name} automation={automation} view={view} />
        </div>
        <DefinitionPanel automation={automation} />
      </div>
    </div>
  );
}

function Tab({ tab, ...rest }: { tab: AutomationView["tab"]; name: AutomationNameText; automation: Automation; view: AutomationView }) {
  switch (tab) {
    case "ticks":
      return <TickList {...rest} />;
    case "preview":
      return <PreviewTab {...rest} />;
    case "test":
      return <TestTab key={rest.view.at} {...rest} />;
    default:
      return assertUnreachable(tab);
  }
}
