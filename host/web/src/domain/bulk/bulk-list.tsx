import { useQuery } from "@connectrpc/connect-query";
import { useState } from "react";
import { BulkService } from "@/gen/penstock/host/v1/bulk_pb";
import { plural } from "@/lib/plural";
import { paths } from "@/domain/paths";
import { Link } from "@/ui/link";
import { Note } from "@/ui/panel";
import { goesOn } from "./bulk-action";
import styles from "./bulk-progress.module.css";
import { BulkProgress } from "./bulk-progress";

// Each that is followed has a stream, and a browser has few.
const most = 2;
const listed = 10;

/** Actions on many runs that go on, and the one that the address names, which stays when it has ended. */
export function BulkList({ shown, hrefOf }: {
  /** Action that is shown, whatever its state; empty for none. */
  shown: string;
  /** The address with another one; empty for none. */
  hrefOf: (bulk: string) => string;
}) {
  const { data } = useQuery(BulkService.method.listBulks, { pageSize: listed }, { retry: false });
  const [dismissed, setDismissed] = useState<readonly string[]>([]);
  const running = (data?.bulks ?? []).filter((bulk) => bulk.id !== shown && goesOn(bulk) && !dismissed.includes(bulk.id)).map((bulk) => bulk.id);
  const ids = shown === "" ? running : [shown, ...running];
  if (ids.length === 0) return null;
  return (
    <div className={styles.list}>
      {ids.slice(0, most).map((id) => (
        <BulkProgress key={id} id={id} dismissHref={id === shown ? hrefOf("") : undefined} onDismiss={() => { setDismissed([...dismissed, id]); }} />
      ))}
      {ids.length > most && <Note><Link href={paths.bulks()}>{plural(ids.length - most, "more action goes", "more actions go")} on</Link></Note>}
    </div>
  );
}
