import type { ReactNode } from "react";
import { classNames } from "./class-names";
import styles from "./table.module.css";

/** A table; it scrolls sideways where the page is narrow. */
export function Table({ label, head, children }: { label: string; head: ReactNode[]; children: ReactNode }) {
  return (
    <div className={styles.scroll} role="region" aria-label={label} tabIndex={0}>
      <table className={styles.table}>
        <thead>
          <tr>
            {head.map((cell, index) => (
              <th key={index} scope="col">
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** Names with their values; what is undefined is left out. */
export function Facts({ facts }: { facts: [name: string, value: ReactNode][] }) {
  return (
    <dl className={styles.facts}>
      {facts
        .filter(([, value]) => value !== undefined && value !== null && value !== false && value !== "")
        .map(([name, value]) => (
          <FactRow key={name} name={name} value={value} />
        ))}
    </dl>
  );
}

function FactRow({ name, value }: { name: string; value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

/** Text as it is, in type of one width. */
export function CodeBlock({ text, wrap = false, label }: { text: string; wrap?: boolean; label: string }) {
  return (
    <pre className={classNames(styles.code, wrap && styles.wrap)} tabIndex={0} role="region" aria-label={label}>
      {text}
    </pre>
  );
}
