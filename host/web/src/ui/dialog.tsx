import { Modal } from "@mantine/core";
import type { ReactNode } from "react";
import styles from "./dialog.module.css";

/** A dialog: holds the focus, closes with Escape. */
export function Dialog({ title, opened, onClose, size = "md", footer, children }: {
  title: ReactNode;
  opened: boolean;
  onClose: () => void;
  size?: "sm" | "md" | "lg" | "xl";
  footer?: ReactNode;
  children: ReactNode;
}) {
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
