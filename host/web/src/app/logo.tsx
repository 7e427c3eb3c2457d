/** The product's mark: a gate in its frame, and the pipe that it feeds. */
export function Logo() {
  return (
    <svg viewBox="4 3 25 26" width="22" height="22" aria-hidden>
      <path d="M7 6v20M13 6v20" stroke="var(--bar-ink-2)" strokeWidth="2.6" strokeLinecap="round" />
      <rect x="6" y="9" width="8" height="8" rx="1" fill="var(--bar-ink)" />
      <path d="M13 21h5c4 0 4-6 8-6" fill="none" stroke="var(--bar-accent)" strokeWidth="4" strokeLinecap="round" />
    </svg>
  );
}
