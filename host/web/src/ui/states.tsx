import { CircleAlert, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { classNames } from "./class-names";
import styles from "./states.module.css";

/** Shown while something loads; appears late, so that what is quick does not flash. */
export function Loading({ what }: { what: string }) {
  return (
    <div className={styles.loading} role="status">
      <span className={styles.spinner} aria-hidden />
      Loading {what}…
    </div>
  );
}

/** Shown where there is nothing yet: what would be here, and how to make the first one. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={styles.empty}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

const icons = { bad: CircleAlert, warn: TriangleAlert, info: Info };

/** A framed message: bad is an error, warn needs attention, info is good to know. */
export function Callout({ tone, title, live = false, children }: {
  tone: "bad" | "warn" | "info";
  title?: ReactNode;
  /** Read aloud when it appears. */
  live?: boolean;
  children?: ReactNode;
}) {
  const Icon = icons[tone];
  return (
    <div className={classNames(styles.callout, styles[tone])} role={live ? (tone === "bad" ? "alert" : "status") : undefined}>
      <Icon size={15} aria-label={tone === "bad" ? "Error" : tone === "warn" ? "Warning" : "Note"} />
      <div className={styles.calloutBody}>
        {title !== undefined && <strong>{title}</strong>}
        {children}
      </div>
    </div>
  );
}
