import { useBulks } from "@/domain/bulk/use-bulks";
import { Failure } from "@/domain/host/failure";
import { paths } from "@/domain/paths";
import { Button } from "@/ui/button";
import { ButtonLink, Link } from "@/ui/link";
import { Page } from "@/ui/page";
import { Panel } from "@/ui/panel";
import { Empty, Loading } from "@/ui/states";
import { CodeBlock } from "@/ui/table";
import { BulkTable } from "./bulk-table";
import styles from "./bulks-page.module.css";

const title = "Actions on many runs";

/** What was done to many runs at once, and what goes on. */
export function BulksPage() {
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useBulks();
  const bulks = data?.pages.flatMap((page) => page.bulks) ?? [];
  return (
    <Page name={title} title={title} above={<Link href={paths.runs()}>Runs</Link>}>
      <div className={styles.stack}>
        {error !== null && <Failure doing="list actions on many runs" error={error} retry={() => void refetch()} />}
        {isPending && <Loading what="actions" />}
        {data !== undefined && (
          <Panel padded={false}>
            {bulks.length === 0 ? <None /> : <BulkTable bulks={bulks} />}
            {hasNextPage && (
              <div className={styles.more}>
                <Button small disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                  {isFetchingNextPage ? "Loading…" : "Show older actions"}
                </Button>
              </div>
            )}
          </Panel>
        )}
      </div>
    </Page>
  );
}

function None() {
  return (
    <Empty title="Nothing was done to many runs yet">
      <p>Select runs on their page, or all that a selector selects, and choose what to do; or from the command line:</p>
      <CodeBlock label="Command" text={'penstock run tag --where "team=etl and status=failure" reviewed=yes'} />
      <ButtonLink look="primary" href={paths.runs()}>
        Choose runs
      </ButtonLink>
    </Empty>
  );
}
