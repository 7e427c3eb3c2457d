import { Outlet, useLocation } from "@tanstack/react-router";
import { Monitor, Moon, Search, Sun } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { session } from "@/domain/host/session";
import { useLocationFeed } from "@/domain/location/location-feed";
import { paths } from "@/domain/paths";
import { useValue } from "@/lib/value-store";
import { ErrorBoundary } from "@/ui/error-boundary";
import { Kbd } from "@/ui/kbd";
import { Link } from "@/ui/link";
import { useShortcut } from "@/ui/shortcut";
import { Tooltip } from "@/ui/tooltip";
import { useScheme, type Scheme } from "@/ui/theme";
import { Logo } from "./logo";
import styles from "./shell.module.css";
import { StorageBar } from "./storage-bar";
import { UpdateBar } from "./update-bar";

// Dialogs are much script, and the first page needs none.
const SignInDialog = lazy(() => import("@/features/sign-in/sign-in-dialog").then((module) => ({ default: module.SignInDialog })));
const Palette = lazy(() => import("@/features/palette/palette").then((module) => ({ default: module.Palette })));

/** What is around every page: the bar on top, messages about code locations, the search, the sign-in. */
export function Shell() {
  useLocationFeed();
  const { pathname } = useLocation();
  const { signInNeeded } = useValue(session);
  const [searching, setSearching] = useState(false);
  const openSearch = () => {
    setSearching(true);
  };
  useShortcut("/", openSearch);
  useShortcut("Mod+k", openSearch);
  const sections = [
    { href: paths.jobs(), label: "Jobs" },
    { href: paths.runs(), label: "Runs" },
    { href: paths.automations(), label: "Automation" },
    { href: paths.backfills(), label: "Backfills" },
    { href: paths.deployment(), label: "Deployment" },
  ];
  return (
    <>
      <a href="#main" className={styles.skip}>
        Skip to the page
      </a>
      <header className={styles.bar}>
        <Link href={paths.jobs()} className={styles.name} aria-label="Penstock">
          <Logo />
          <span>Penstock</span>
        </Link>
        <nav className={styles.sections} aria-label="Main">
          {sections.map(({ href, label }) => (
            <Link key={href} href={href} className={styles.section} aria-current={pathname.startsWith(href) ? "page" : undefined}>
              {label}
            </Link>
          ))}
        </nav>
        <button type="button" className={styles.search} onClick={openSearch} aria-label="Search jobs, runs, locations and actions">
          <Search size={14} aria-hidden />
          <span>Search</span>
          <Kbd keys="/" />
        </button>
        <SchemeButton />
      </header>
      <StorageBar />
      <UpdateBar />
      <ErrorBoundary key={pathname} what="This page">
        <Outlet />
      </ErrorBoundary>
      {searching && (
        <Suspense>
          <Palette onClose={() => { setSearching(false); }} />
        </Suspense>
      )}
      {signInNeeded && (
        <Suspense>
          <SignInDialog />
        </Suspense>
      )}
    </>
  );
}

const schemes: Record<Scheme, { next: Scheme; label: string; icon: typeof Sun }> = {
  auto: { next: "light", label: "Colours as the system has them; switch to light", icon: Monitor },
  light: { next: "dark", label: "Light colours; switch to dark", icon: Sun },
  dark: { next: "auto", label: "Dark colours; switch to the system's", icon: Moon },
};

function SchemeButton() {
  const { scheme, setScheme } = useScheme();
  const { next, label, icon: Icon } = schemes[scheme];
  return (
    <Tooltip label={label}>
      <button type="button" className={styles.scheme} aria-label={label} onClick={() => { setScheme(next); }}>
        <Icon size={15} aria-hidden />
      </button>
    </Tooltip>
  );
}
