import styles from "./kbd.module.css";

/** Keys to press; Mod is Cmd on a Mac and Ctrl elsewhere. */
export function Kbd({ keys }: { keys: string }) {
  return (
    <kbd className={styles.kbd} aria-hidden>
      {keys.replace("Mod", isMac() ? "⌘" : "Ctrl").replaceAll("+", isMac() ? "" : "+")}
    </kbd>
  );
}

/** Whether Cmd is what Ctrl is elsewhere. */
export function isMac(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.userAgent);
}
