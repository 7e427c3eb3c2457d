import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { Failure } from "@/domain/host/failure";
import { formatJobName, type JobNameText } from "@/domain/job/job-name";
import { formatPicked, readPicked, type Span } from "@/domain/partition/picked-rows";
import { dimensionText } from "@/domain/partition/partition-dimension";
import { usePartitionKeys } from "@/domain/partition/use-partition-keys";
import { paths, readPartitionsView, type PartitionsView } from "@/domain/paths";
import type { PartitionsDefinition } from "@/gen/penstock/usercode/v1/automation_pb";
import { inertText } from "@/lib/inert-text";
import { plural } from "@/lib/plural";
import { useSearchParams } from "@/lib/search";
import { Button } from "@/ui/button";
import { Checkbox, SearchField, Select } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { Empty, Loading } from "@/ui/states";
import { PartitionActions } from "./partition-actions";
import { PartitionTable } from "./partition-table";
import styles from "./partitions.module.css";

const pageSize = 1_000;
// Columns of a second dimension; one looks at one key alone when there are more.
const mostColumns = 24;

/** A job's partitions as rows; of two dimensions, the first as rows and the second as columns, or one key of it alone. */
export function PartitionBrowser({ name, definition }: { name: JobNameText; definition: PartitionsDefinition }) {
  const job = formatJobName(name);
  const view = readPartitionsView(useSearchParams());
  const navigate = useNavigate();
  const show = (next: Partial<PartitionsView>) => void navigate({ href: paths.jobPartitions(name, { ...view, ...next }), replace: true, resetScroll: false });
  const [first, second] = definition.dimensions;
  const { newestFirst, prefix } = view;
  const rows = usePartitionKeys({ job, dimension: first?.name ?? "", prefix, newestFirst, pageSize });
  const others = usePartitionKeys({ job, dimension: second?.name ?? "", prefix: "", newestFirst: false, pageSize, enabled: second !== undefined });
  const keys = rows.data?.pages.flatMap((page) => page.keys.map(({ key }) => key)) ?? [];
  const secondKeys = others.data?.pages.flatMap((page) => page.keys.map(({ key }) => key)) ?? [];
  const total = Number(rows.data?.pages[0]?.total ?? 0n);
  const { spans, missing } = readPicked(view.selected, keys, newestFirst);
  const { hasNextPage, isFetchingNextPage, fetchNextPage, isPlaceholderData } = rows;
  // What the address selects may be further down: it is loaded before anything is launched for it.
  const needed = missing && hasNextPage;
  useEffect(() => {
    if (needed && !isFetchingNextPage) void fetchNextPage();
  }, [needed, isFetchingNextPage, fetchNextPage]);
  const pick = (picked: readonly Span[]) => { show({ selected: formatPicked(picked, keys, newestFirst) }); };
  const error = rows.error ?? others.error;
  const loading = rows.isPending || (second !== undefined && others.isPending);
  return (
    <Panel
      title={
        <>
          Partitions: {definition.dimensions.map((each) => inertText(dimensionText(each))).join("; ")}
        </>
      }
      padded={false}
      actions={<span className={styles.aside}>{plural(total, second === undefined ? "partition" : "key")}</span>}
    >
      <div className={styles.tools}>
        <div className={styles.find}>
          <SearchField aria-label="Keys that begin with" placeholder="Keys that begin with" value={prefix} onChange={(event) => { show({ prefix: event.target.value, selected: [] }); }} />
        </div>
        <Checkbox label="Newest first" checked={newestFirst} onChange={(on) => { show({ newestFirst: on }); }} />
        {second !== undefined && (
          <div className={styles.find}>
            <Select aria-label={`Keys of ${second.name}`} value={view.second} onChange={(event) => { show({ second: event.target.value }); }}>
              <option value="">every {second.name}, side by side</option>
              {secondKeys.map((key) => (
                <option key={key} value={key}>
                  {second.name}: {key}
                </option>
              ))}
            </Select>
          </div>
        )}
      </div>
      <PartitionActions name={name} definition={definition} view={view} keys={keys} spans={spans} ready={!needed && !isPlaceholderData} onClear={() => { show({ selected: [] }); }} />
      {error !== null && (
        <div className={styles.message}>
          <Failure doing="list partitions" error={error} retry={() => void rows.refetch()} />
        </div>
      )}
      {loading && error === null && <Loading what="partitions" />}
      {!loading && keys.length === 0 && error === null && <NoKeys prefix={prefix} />}
      {!loading && keys.length > 0 && (
        <PartitionTable
          name={name}
          keys={keys}
          total={total}
          columns={second === undefined || view.second !== "" ? undefined : secondKeys.slice(0, mostColumns)}
          second={view.second}
          spans={spans}
          onPick={pick}
          onEnd={() => { if (hasNextPage && !isFetchingNextPage && !isPlaceholderData) void fetchNextPage(); }}
        />
      )}
      {hasNextPage && keys.length > 0 && (
        <div className={styles.more}>
          <Button small disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {isFetchingNextPage ? "Loading…" : `Show more: ${keys.length.toLocaleString("en")} of ${total.toLocaleString("en")}`}
          </Button>
        </div>
      )}
      {view.second === "" && secondKeys.length > mostColumns && (
        <p className={styles.more}>
          {plural(secondKeys.length - mostColumns, "key")} of {second?.name} more: choose one above to look at it.
        </p>
      )}
    </Panel>
  );
}

function NoKeys({ prefix }: { prefix: string }) {
  return (
    <Empty title={prefix === "" ? "There is no partition yet" : `No key begins with “${prefix}”`}>
      {prefix === "" && <p>A partition of time exists once its span has ended; keys of other kinds are added by user code, here, or with penstock partition add.</p>}
    </Empty>
  );
}
