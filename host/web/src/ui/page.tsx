import { useEffect, type ReactNode } from "react";
import { Link } from "./link";
import styles from "./page.module.css";

/** A page: where it is, its title, what can be done, and the rest. */
export function Page({ title, name, above, actions, children }: {
  title: ReactNode;
  /** The title as text, for the browser's tab. */
  name: string;
  above?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${name} · Penstock`;
  }, [name]);
  return (
    <main className={styles.page} id="main" tabIndex={-1}>
      <header className={styles.header}>
        <div className={styles.heading}>
          {above !== undefined && <div className={styles.above}>{above}</div>}
          <h1 className={styles.title}>{title}</h1>
        </div>
        {actions !== undefined && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </main>
  );
}

/** Pages that belong together, as tabs; each is an address. A count says how much is there. */
export function Tabs({ label, tabs }: { label: string; tabs: { href: string; label: string; current: boolean; count?: string; title?: string }[] }) {
  return (
    <nav className={styles.tabs} aria-label={label}>
      {tabs.map((tab) => (
        <Link key={tab.href} href={tab.href} className={styles.tab} aria-current={tab.current ? "page" : undefined} title={tab.title}>
          {tab.label}
          {tab.count !== undefined && (
            <>
              {" "}
              <span className={styles.count}>{tab.count}</span>
            </>
          )}
        </Link>
      ))}
    </nav>
  );
}
