import { classNames } from "./class-names";
import styles from "./toggle.module.css";

/** Switches something on and off; it says which in a word. */
export function Toggle({ label, on, busy = false, disabled = false, onChange }: {
  /** What is switched, for those who do not see what stands beside it. */
  label: string;
  on: boolean;
  /** What was asked for is shown, and not yet done. */
  busy?: boolean;
  disabled?: boolean;
  onChange: (on: boolean) => void;
}) {
  return (
    <button
      type="button"
      role="switch"
      aria-checked={on}
      aria-label={label}
      aria-busy={busy}
      aria-disabled={disabled}
      className={classNames(styles.toggle, on && styles.on)}
      onClick={() => {
        if (!disabled && !busy) onChange(!on);
      }}
    >
      <span className={styles.track} aria-hidden>
        <span className={styles.thumb} />
      </span>
      <span className={styles.word} aria-hidden>
        {on ? "On" : "Off"}
      </span>
    </button>
  );
}
