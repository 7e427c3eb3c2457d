import { useInfiniteQuery } from "@connectrpc/connect-query";
import { keepPreviousData } from "@tanstack/react-query";
import type { AutomationNameText } from "@/domain/automation/automation-name";
import { tickStatuses, tickStatusesByName } from "@/domain/automation/tick-status";
import { Failure } from "@/domain/host/failure";
import { paths, type AutomationView } from "@/domain/paths";
import { AutomationKind, AutomationService, type Automation } from "@/gen/penstock/host/v1/automation_pb";
import { Button } from "@/ui/button";
import { ButtonLink } from "@/ui/link";
import { Panel } from "@/ui/panel";
import { Segments } from "@/ui/segments";
import { Empty, Loading } from "@/ui/states";
import { Table } from "@/ui/table";
import styles from "./automation-page.module.css";
import { TickRow } from "./tick-row";

const pageSize = 50;

/** How it ticked, newest first. */
export function TickList({ name, automation, view }: { name: AutomationNameText; automation: Automation; view: AutomationView }) {
  const statuses = tickStatusesByName(view.statuses);
  const { location, repository } = name;
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage, isPlaceholderData } = useInfiniteQuery(
    AutomationService.method.listTicks,
    { name: { location, repository, name: name.name }, statuses, pageSize, pageCursor: "" },
    { pageParamKey: "pageCursor", getNextPageParam: (page) => (page.nextCursor === "" ? undefined : page.nextCursor), placeholderData: keepPreviousData, staleTime: Infinity },
  );
  const ticks = data?.pages.flatMap((page) => page.ticks) ?? [];
  const sensor = automation.name?.kind === AutomationKind.SENSOR;
  const choices = [{ label: "All", names: [] as string[] }, ...tickStatuses.map(({ label, name: each }) => ({ label, names: [each] }))];
  return (
    <Panel
      title="Ticks, newest first"
      padded={false}
      actions={
        <Segments
          label="Ticks by status"
          segments={choices.map(({ label, names }) => ({ href: paths.automation(name, { statuses: names }), label, current: names.join() === view.statuses.join() }))}
        />
      }
    >
      {error !== null && (
        <div className={styles.message}>
          <Failure doing="list ticks" error={error} retry={() => void refetch()} />
        </div>
      )}
      {data === undefined && error === null && <Loading what="ticks" />}
      {data !== undefined && ticks.length === 0 && (view.statuses.length === 0 ? <NoTick sensor={sensor} running={automation.running} /> : <NoMatch name={name} />)}
      {ticks.length > 0 && (
        <div aria-busy={isPlaceholderData}>
          <Table label="Ticks" head={["Status", sensor ? "Looked at" : "Due at", "What became of it", "Runs", "Took"]}>
            {ticks.map((tick) => (
              <TickRow key={tick.id} tick={tick} zone={automation.schedule?.zone ?? ""} />
            ))}
          </Table>
        </div>
      )}
      {hasNextPage && (
        <div className={styles.more}>
          <Button small disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {isFetchingNextPage ? "Loading…" : "Show older ticks"}
          </Button>
        </div>
      )}
    </Panel>
  );
}

function NoTick({ sensor, running }: { sensor: boolean; running: boolean }) {
  return (
    <Empty title="No ticks yet">
      {!running && <p>It makes none while it is off: switch it on, above.</p>}
      {running && <p>{sensor ? "It looks soon; what it finds is told here." : "The next one is told beside this; what becomes of it is told here."}</p>}
    </Empty>
  );
}

function NoMatch({ name }: { name: AutomationNameText }) {
  return (
    <Empty title="No tick went like that">
      <ButtonLink small href={paths.automation(name)}>
        Show all ticks
      </ButtonLink>
    </Empty>
  );
}
