import { useQuery } from "@connectrpc/connect-query";
import { Code } from "@connectrpc/connect";
import { paths } from "@/domain/paths";
import { RunService } from "@/gen/penstock/host/v1/run_pb";
import { Link } from "@/ui/link";
import { shortRunId } from "./run-id";
import { RunStatusBadge } from "./run-status-badge";
import styles from "./run-link.module.css";

/** A run by its id, with its status; one that was deleted is said to be. */
export function RunLink({ id }: { id: string }) {
  const { data, error } = useQuery(RunService.method.getRun, { id });
  if (error?.code === Code.NotFound) {
    return (
      <span className={styles.run} title={id}>
        <code>{shortRunId(id)}</code> was deleted
      </span>
    );
  }
  return (
    <span className={styles.run}>
      <Link href={paths.run(id)} title={id}>
        <code>{shortRunId(id)}</code>
      </Link>
      {data?.run !== undefined && <RunStatusBadge status={data.run.status} />}
    </span>
  );
}
