import type { LucideIcon } from "lucide-react";
import styles from "./badge.module.css";
import { classNames } from "./class-names";

/** What a state feels like. Every tone comes with an icon and a word: colour is never alone. */
export type Tone = "good" | "bad" | "warn" | "busy" | "calm";

/** How one state is shown. */
export interface StateLook {
  label: string;
  tone: Tone;
  icon: LucideIcon;
  /** Set when the icon turns, because something is under way. */
  turning?: boolean;
}

/** A state as icon and word. */
export function Badge({ look, label = look.label }: { look: StateLook; label?: string }) {
  return (
    <span className={classNames(styles.badge, styles[look.tone])}>
      <StateIcon look={look} />
      {label}
    </span>
  );
}

/** A state's icon alone, for places where the word stands beside it. */
export function StateIcon({ look, size = 13 }: { look: StateLook; size?: number }) {
  const Icon = look.icon;
  return <Icon size={size} strokeWidth={2.25} aria-hidden className={classNames(look.turning === true && styles.turning)} />;
}

/** The colour of a tone's text, for icons that stand alone. */
export function toneColor(tone: Tone): string {
  return `var(--${tone})`;
}
