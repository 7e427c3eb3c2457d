import { useNavigate } from "@tanstack/react-router";
import { groupAutomations } from "@/domain/automation/automation-groups";
import { RefusedAutomation } from "@/domain/automation/refused-automation";
import { useAutomationFeed, useAutomations } from "@/domain/automation/use-automations";
import { Failure } from "@/domain/host/failure";
import { useLocations } from "@/domain/location/location-feed";
import { locationStateData } from "@/domain/location/location-state";
import { paths, readAutomationsView, type AutomationsView } from "@/domain/paths";
import type { Automation } from "@/gen/penstock/host/v1/automation_pb";
import { plural } from "@/lib/plural";
import { useSearchParams } from "@/lib/search";
import { Badge } from "@/ui/badge";
import { SearchField } from "@/ui/field";
import { ButtonLink, Link } from "@/ui/link";
import { Page } from "@/ui/page";
import { Panel } from "@/ui/panel";
import { Segments } from "@/ui/segments";
import { Empty, Loading } from "@/ui/states";
import { AutomationRow } from "./automation-row";
import styles from "./automation.module.css";
import { NoAutomation } from "./no-automation";

const kinds = [
  { kind: "", label: "All" },
  { kind: "schedule", label: "Schedules" },
  { kind: "sensor", label: "Sensors" },
] as const;

/** All schedules and sensors, and what of them is not shown. */
export function AutomationsPage() {
  const view = readAutomationsView(useSearchParams());
  const navigate = useNavigate();
  useAutomationFeed();
  const { data, error, refetch } = useAutomations();
  const automations = data?.automations ?? [];
  const groups = groupAutomations(automations, view);
  const shown = groups.reduce((sum, group) => sum + group.automations.length, 0);
  return (
    <Page
      name="Automation"
      title="Automation"
      actions={
        <div className={styles.tools}>
          <Segments label="Kinds" segments={kinds.map(({ kind, label }) => ({ href: paths.automations({ ...view, kind }), label, current: view.kind === kind }))} />
          <div className={styles.search}>
            <SearchField
              aria-label="Find schedules and sensors"
              placeholder="Name, job or description"
              value={view.search}
              onChange={(event) => void navigate({ href: paths.automations({ ...view, search: event.target.value }), replace: true })}
            />
          </div>
        </div>
      }
    >
      <div className={styles.stack}>
        {error !== null && <Failure doing="list schedules and sensors" error={error} retry={() => void refetch()} />}
        {data === undefined && error === null && <Loading what="schedules and sensors" />}
        {data !== undefined && automations.length === 0 && data.refusals.length === 0 && (
          <Panel padded={false}>
            <NoAutomation />
          </Panel>
        )}
        {automations.length > 0 && shown === 0 && <NoMatch view={view} />}
        {groups.map((group) => (
          <Group key={`${group.location}/${group.repository}`} {...group} />
        ))}
        {data !== undefined && data.refusals.length > 0 && (
          <Panel padded={false}>
            <RefusedAutomation refusals={data.refusals} />
          </Panel>
        )}
        {shown > 0 && <p className={styles.count}>{shown < automations.length ? `${shown} of ${plural(automations.length, "schedule and sensor", "schedules and sensors")}` : plural(shown, "schedule or sensor", "schedules and sensors")}</p>}
      </div>
    </Page>
  );
}

function Group({ location, repository, automations }: { location: string; repository: string; automations: Automation[] }) {
  const { data } = useLocations();
  const known = data?.locations.find((each) => each.name === location);
  const look = known === undefined ? undefined : locationStateData(known.state);
  return (
    <Panel
      padded={false}
      title={
        <span className={styles.home}>
          <Link href={paths.location(location)}>{location}</Link> / {repository}
          {look?.trouble === true && <Badge look={look} />}
        </span>
      }
    >
      <ul aria-label={`${location} / ${repository}`}>
        {automations.map((automation) => (
          <AutomationRow key={automation.name?.name} automation={automation} />
        ))}
      </ul>
    </Panel>
  );
}

function NoMatch({ view }: { view: AutomationsView }) {
  return (
    <Panel padded={false}>
      <Empty title={view.search === "" ? `There are no ${view.kind}s` : `No ${view.kind === "" ? "schedule or sensor" : view.kind} matches “${view.search}”`}>
        <p>Words are looked for in names, jobs and descriptions.</p>
        <ButtonLink small href={paths.automations()}>
          Show all
        </ButtonLink>
      </Empty>
    </Panel>
  );
}
