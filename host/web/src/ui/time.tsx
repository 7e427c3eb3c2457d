import { formatAgo, formatAhead, formatDuration } from "@/lib/duration";
import { formatLocal, formatUtc } from "@/lib/instant";
import { useNow } from "@/lib/now";
import { formatWall } from "@/lib/wall-clock";

/** How long ago an instant was, with the exact times on hover. */
export function Ago({ ms }: { ms: number }) {
  const now = useNow();
  return (
    <time dateTime={iso(ms)} title={`${formatLocal(ms)}\n${formatUtc(ms)}`}>
      {formatAgo(now - ms)}
    </time>
  );
}

/** An instant to come in the reader's zone and how far off it is; with the clock of another zone and UTC on hover. */
export function Ahead({ ms, zone = "" }: { ms: number; zone?: string }) {
  const now = useNow();
  const wall = zone === "" ? undefined : formatWall(ms, zone);
  return (
    <time dateTime={iso(ms)} title={[wall === undefined ? undefined : `${wall} (${zone})`, formatUtc(ms)].filter((line) => line !== undefined).join("\n")}>
      {formatLocal(ms)} ({formatAhead(ms - now)})
    </time>
  );
}

/** An instant in the reader's zone, with UTC on hover. */
export function Instant({ ms }: { ms: number }) {
  return (
    <time dateTime={iso(ms)} title={formatUtc(ms)}>
      {formatLocal(ms)}
    </time>
  );
}

/** The time between two instants; without an end it runs. */
export function Elapsed({ from, to }: { from: number; to?: number | undefined }) {
  const now = useNow(to === undefined);
  return <span>{formatDuration((to ?? now) - from)}</span>;
}

function iso(ms: number): string | undefined {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : undefined;
}
