import { toneColor, type Tone } from "./badge";
import { classNames } from "./class-names";
import styles from "./progress-bar.module.css";

/** How far something is, from 0 to 1; with part undefined it is under way and nobody knows how far. The words stand beside it. */
export function ProgressBar({ part, label, tone = "busy" }: { part: number | undefined; label: string; tone?: Tone }) {
  const percent = part === undefined ? undefined : Math.floor(100 * part);
  return (
    <span className={styles.bar} role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
      <span className={classNames(part === undefined && styles.unknown)} style={{ background: toneColor(tone), ...(part === undefined ? {} : { width: `${100 * part}%` }) }} />
    </span>
  );
}

/** Parts of a whole side by side, each in the colour of its tone; what they are is said in words beside it. */
export function ShareBar({ shares }: { shares: readonly { key: string; count: number; tone: Tone; faint?: boolean }[] }) {
  return (
    <span className={styles.bar} aria-hidden>
      {shares.map(({ key, count, tone, faint }) => (
        <span key={key} style={{ flexGrow: count, background: faint === true ? "var(--line-strong)" : toneColor(tone) }} />
      ))}
    </span>
  );
}
