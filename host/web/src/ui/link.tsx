import { useRouter } from "@tanstack/react-router";
import { ExternalLink } from "lucide-react";
import type { AnchorHTMLAttributes, MouseEvent, ReactNode } from "react";
import { isSafeLink } from "@/lib/safe-link";
import { buttonClass } from "./button";
import styles from "./link.module.css";

interface LinkProps extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href"> {
  /** An address within the UI, made by paths.ts. */
  href: string;
  children: ReactNode;
}

/** A link to a page of this UI. */
export function Link({ href, onClick, children, ...rest }: LinkProps) {
  const router = useRouter();
  const open = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    if (event.defaultPrevented || rest.target === "_blank" || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void router.navigate({ href });
  };
  return (
    <a href={href} onClick={open} {...rest}>
      {children}
    </a>
  );
}

/** A link to a page of this UI that looks like a button. */
export function ButtonLink({ look = "plain", small = false, icon, children, ...rest }: LinkProps & {
  look?: "plain" | "primary" | "quiet";
  small?: boolean;
  icon?: ReactNode;
}) {
  return (
    <Link className={buttonClass(look, small)} {...rest}>
      {icon}
      {children}
    </Link>
  );
}

/** A link that users wrote: opened in a new tab when it is safe, shown as text when it is not. */
export function UserLink({ href, children }: { href: string; children?: ReactNode }) {
  if (!isSafeLink(href)) return <span className={styles.unsafe}>{children ?? href}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer" className={styles.user}>
      <span>{children ?? href}</span>
      <ExternalLink size={12} aria-label="(opens in a new tab)" />
    </a>
  );
}
