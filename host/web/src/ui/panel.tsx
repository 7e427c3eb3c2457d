import { useId, type ReactNode } from "react";
import styles from "./panel.module.css";

/** A framed part of a page with a title. */
export function Panel({ title, actions, padded = true, children }: {
  title?: ReactNode;
  actions?: ReactNode;
  padded?: boolean;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section className={styles.panel} aria-labelledby={title === undefined ? undefined : id}>
      {title !== undefined && (
        <header className={styles.header}>
          <h2 id={id} className={styles.title}>
            {title}
          </h2>
          {actions !== undefined && <div className={styles.actions}>{actions}</div>}
        </header>
      )}
      {padded ? <div className={styles.body}>{children}</div> : children}
    </section>
  );
}

/** A part of a panel; several of them stand below each other. */
export function Section({ title, actions, children }: { title: ReactNode; actions?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <section className={styles.section} aria-labelledby={id}>
      <h3 id={id} className={styles.sectionTitle}>
        {title}
        {actions !== undefined && <span className={styles.actions}>{actions}</span>}
      </h3>
      {children}
    </section>
  );
}

/** A sentence of less weight. */
export function Note({ children }: { children: ReactNode }) {
  return <p className={styles.note}>{children}</p>;
}
