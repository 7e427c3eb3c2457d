import { Popover as MantinePopover } from "@mantine/core";
import type { ReactElement, ReactNode } from "react";
import styles from "./popover.module.css";

/** A small box below a button: holds the focus while it is open, closes with Escape and when one clicks elsewhere. */
export function Popover({ target, label, opened, onChange, children }: {
  /** The button; it opens and closes the box by itself. */
  target: ReactElement;
  /** What the box is, for those who do not see it. */
  label: string;
  opened: boolean;
  onChange: (opened: boolean) => void;
  children: ReactNode;
}) {
  return (
    <MantinePopover position="bottom-start" shadow="md" trapFocus returnFocus withRoles={false} opened={opened} onChange={onChange} classNames={{ dropdown: styles.dropdown }}>
      <MantinePopover.Target>{target}</MantinePopover.Target>
      <MantinePopover.Dropdown role="dialog" aria-label={label}>
        {children}
      </MantinePopover.Dropdown>
    </MantinePopover>
  );
}
