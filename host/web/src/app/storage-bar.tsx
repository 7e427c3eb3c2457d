import { useStorage } from "@/domain/host/use-storage";
import { paths } from "@/domain/paths";
import { inertText } from "@/lib/inert-text";
import { Link } from "@/ui/link";
import { Callout } from "@/ui/states";
import styles from "./shell.module.css";

/** Says on every page that the host cannot write, as long as it cannot. */
export function StorageBar() {
  const { data } = useStorage();
  if (data === undefined || data.readOnly === "") return null;
  return (
    <div className={styles.someMessages}>
      <Callout tone="bad" live>
        <div className={styles.messageLine}>
          <strong>The host is read-only</strong>
          <span>{inertText(data.readOnly)}</span>
          <span className={styles.messageActions}>
            <Link href={paths.deployment()}>Open Deployment</Link>
          </span>
        </div>
      </Callout>
    </div>
  );
}
