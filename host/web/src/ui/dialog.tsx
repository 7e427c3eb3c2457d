import { Modal } from "@mantine/core";
import { useEffect, type ReactNode } from "react";
import styles from "./dialog.module.css";

/** A dialog: holds the focus and gives it back, closes with Escape. */
export function Dialog({ title, opened, onClose, size = "md", footer, children }: {
  title: ReactNode;
  opened: boolean;
  onClose: () => void;
  size?: "sm" | "md" | "lg" | "xl";
  footer?: ReactNode;
  children: ReactNode;
}) {
  useFocusBack(opened);
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      size={size}
      closeButtonProps={{ "aria-label": "Close" }}
      classNames={{ content: styles.content, header: styles.header, title: styles.title, body: styles.body, close: styles.close }}
    >
      {children}
      {footer !== undefined && <div className={styles.footer}>{footer}</div>}
    </Modal>
  );
}

// Mantine gives the focus back to what had it only when a dialog closes before it is removed.
function useFocusBack(opened: boolean): void {
  useEffect(() => {
    if (!opened) return;
    const before = document.activeElement;
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, [opened]);
}
