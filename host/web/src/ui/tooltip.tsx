import { Tooltip as MantineTooltip } from "@mantine/core";
import type { ReactElement, ReactNode } from "react";

/** Words beside an element while it is hovered or has the focus. The element says what matters without it. */
export function Tooltip({ label, children }: { label: ReactNode; children: ReactElement }) {
  return <MantineTooltip label={label}>{children}</MantineTooltip>;
}
