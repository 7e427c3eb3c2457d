import { Link } from "./link";
import styles from "./segments.module.css";

/** A choice of few views of the same thing, side by side; each is an address. */
export function Segments({ label, segments }: { label: string; segments: { href: string; label: string; current: boolean }[] }) {
  return (
    <nav className={styles.segments} aria-label={label}>
      {segments.map((segment) => (
        <Link key={segment.label} href={segment.href} className={styles.segment} aria-current={segment.current ? "true" : undefined}>
          {segment.label}
        </Link>
      ))}
    </nav>
  );
}
