import { Menu as MantineMenu } from "@mantine/core";
import type { ReactElement, ReactNode } from "react";
import styles from "./menu.module.css";

/** One thing that can be done. */
export interface Action {
  label: string;
  icon?: ReactNode;
  /** Set when it ends or deletes something. */
  danger?: boolean;
  disabled?: boolean;
  run: () => void;
}

/** Actions below a button. */
export function Menu({ target, actions }: { target: ReactElement; actions: Action[] }) {
  return (
    <MantineMenu position="bottom-end" shadow="md" width={200} classNames={{ dropdown: styles.dropdown, item: styles.item }}>
      <MantineMenu.Target>{target}</MantineMenu.Target>
      <MantineMenu.Dropdown>
        {actions.map((action) => (
          <MantineMenu.Item
            key={action.label}
            leftSection={action.icon}
            disabled={action.disabled === true}
            data-danger={action.danger === true ? true : undefined}
            onClick={action.run}
          >
            {action.label}
          </MantineMenu.Item>
        ))}
      </MantineMenu.Dropdown>
    </MantineMenu>
  );
}
