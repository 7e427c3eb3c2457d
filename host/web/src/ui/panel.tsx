import { useContext, useId, type ReactNode } from "react";
import { Heading, HeadingLevel } from "./heading";
import styles from "./panel.module.css";

/** A framed part of a page with a title. */
export function Panel({ title, actions, padded = true, children }: {
  title?: ReactNode;
  actions?: ReactNode;
  padded?: boolean;
  children: ReactNode;
}) {
  const id = useId();
  const level = useContext(HeadingLevel);
  return (
    <section className={styles.panel} aria-labelledby={title === undefined ? undefined : id}>
      {title !== undefined && (
        <header className={styles.header}>
          <Heading id={id} className={styles.title}>
            {title}
          </Heading>
          {actions !== undefined && <div className={styles.actions}>{actions}</div>}
        </header>
      )}
      <HeadingLevel value={title === undefined ? level : level + 1}>{padded ? <div className={styles.body}>{children}</div> : children}</HeadingLevel>
    </section>
  );
}

/** A part of a panel; several of them stand below each other. */
export function Section({ title, actions, children }: { title: ReactNode; actions?: ReactNode; children: ReactNode }) {
  const id = useId();
  const level = useContext(HeadingLevel);
  return (
    <section className={styles.section} aria-labelledby={id}>
      <div className={styles.sectionTitle}>
        <Heading id={id}>{title}</Heading>
        {actions !== undefined && <span className={styles.actions}>{actions}</span>}
      </div>
      <HeadingLevel value={level + 1}>{children}</HeadingLevel>
    </section>
  );
}

/** A title within a section. */
export function Subtitle({ children }: { children: ReactNode }) {
  return <Heading className={styles.subtitle}>{children}</Heading>;
}

/** A sentence of less weight. */
export function Note({ children }: { children: ReactNode }) {
  return <p className={styles.note}>{children}</p>;
}
