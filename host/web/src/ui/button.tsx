import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import styles from "./button.module.css";
import { classNames } from "./class-names";
import { Tooltip } from "./tooltip";

interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "className"> {
  /** primary: the one thing a page is for. danger: ends or deletes something. quiet: no frame. */
  look?: "plain" | "primary" | "danger" | "quiet";
  small?: boolean;
  icon?: ReactNode;
  ref?: Ref<HTMLButtonElement>;
}

/** A button with words. */
export function Button({ look = "plain", small = false, icon, children, type = "button", ...rest }: ButtonProps) {
  return (
    <button type={type} {...rest} className={buttonClass(look, small)}>
      {icon}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ButtonProps, "children" | "icon"> {
  /** What it does; shown on hover and focus. */
  label: string;
  children: ReactNode;
}

/** A button that is an icon; its label is there for all. */
export function IconButton({ look = "quiet", small = false, label, children, type = "button", ...rest }: IconButtonProps) {
  return (
    <Tooltip label={label}>
      {/* A menu passes a class of its own to its target; the look stays the button's. */}
      <button type={type} aria-label={label} {...rest} className={classNames(buttonClass(look, small), styles.icon)}>
        {children}
      </button>
    </Tooltip>
  );
}

/** A button that reads like a link: it acts on the page instead of leaving it. */
export function TextButton({ children, ...rest }: Omit<ButtonHTMLAttributes<HTMLButtonElement>, "className" | "type">) {
  return (
    <button type="button" className={styles.text} {...rest}>
      {children}
    </button>
  );
}

/** The class of a button, for links that look like one. */
export function buttonClass(look: "plain" | "primary" | "danger" | "quiet", small = false): string {
  return classNames(styles.button, look !== "plain" && styles[look], small && styles.small);
}
