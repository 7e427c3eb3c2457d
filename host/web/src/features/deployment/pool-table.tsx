import { paths } from "@/domain/paths";
import type { Pool } from "@/gen/penstock/host/v1/host_pb";
import { inertText } from "@/lib/inert-text";
import { plural } from "@/lib/plural";
import { Link } from "@/ui/link";
import { Note, Subtitle } from "@/ui/panel";
import { Table } from "@/ui/table";
import styles from "./deployment.module.css";

/** How many ops of a pool are listed. */
const shown = 10;

/** The pools of slots, and which ops have or want one. */
export function PoolTable({ pools }: { pools: readonly Pool[] }) {
  if (pools.length === 0) return null;
  const unheard = Math.max(...pools.map((pool) => pool.unheardRuns));
  return (
    <div role="group" aria-label="Pools of slots" className={styles.limits}>
      <Subtitle>Pools of slots</Subtitle>
      <Table label="Pools of slots" head={["Ops", "Taken", "Slots", "Waiting"]}>
        {pools.flatMap((pool) => [
          <tr key={pool.name}>
            <td>
              <code>{inertText(pool.name)}</code>
            </td>
            <td className={styles.time}>{pool.taken}</td>
            <td className={styles.time}>{pool.slots ?? "not configured: no limit"}</td>
            <td className={styles.time}>{pool.waiting}</td>
          </tr>,
          ...pool.ops.slice(0, shown).map((op, index) => (
            <tr key={`${pool.name} ${index}`} className={styles.value}>
              <td colSpan={4}>
                <code>{inertText(op.opPath)}</code> of{" "}
                <Link href={paths.run(op.runId)}>
                  run <code>{op.runId.slice(0, 8)}</code>
                </Link>{" "}
                {op.taken ? "has a slot" : "waits"}
              </td>
            </tr>
          )),
          pool.taken + pool.waiting > Math.min(pool.ops.length, shown) && (
            <tr key={`${pool.name} others`} className={styles.value}>
              <td colSpan={4}>and {plural(pool.taken + pool.waiting - Math.min(pool.ops.length, shown), "other op")}</td>
            </tr>
          ),
        ])}
      </Table>
      {unheard > 0 && (
        <Note>
          Since the host was started, {plural(unheard, "run")} did not say yet which slots they have. None is granted until they do, or count as
          lost.
        </Note>
      )}
      <Note>Ops of all runs take their slots. How many there are is set in the configuration file, under queue.pools.</Note>
    </div>
  );
}
