import { formatDuration } from "@/lib/duration";

/** How far an op is, by its own word. */
export interface OpProgress {
  done: number;
  /** 0 when that is not known. */
  total: number;
  unit: string;
  /** When it said so; the worker's clock. */
  ms: number | undefined;
  /** Units of a second of late; undefined when too little was said. */
  rate: number | undefined;
  /** What it said before, oldest first, for the rate. */
  before: readonly Sample[];
}

interface Sample {
  ms: number;
  done: number;
}

// A rate is told of this many words at most, and over no less than this time.
const samples = 16;
const shortest = 2_000;

/** What is known of an op's progress once it has said more. */
export function addProgress(known: OpProgress | undefined, said: { done: number; total: number; unit: string }, ms: number | undefined): OpProgress {
  // One that counts anew, or counts something else, has no rate yet.
  const again = known === undefined || said.done < known.done || said.unit !== known.unit;
  const earlier = again ? [] : known.before;
  const before = ms === undefined ? earlier : [...earlier, { ms, done: said.done }].slice(-samples);
  const first = before[0];
  const span = first === undefined || ms === undefined ? 0 : ms - first.ms;
  const rate = first === undefined || span < shortest ? undefined : ((said.done - first.done) * 1000) / span;
  return { done: said.done, total: said.total, unit: said.unit, ms, rate, before };
}

/** The part that is done, from 0 to 1; undefined when that is not known. */
export function progressPart({ done, total }: Pick<OpProgress, "done" | "total">): number | undefined {
  if (!(total > 0) || !Number.isFinite(done)) return undefined;
  return Math.min(1, Math.max(0, done / total));
}

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** "450 of 1,000 rows, 45 %"; "450 rows" when the total is not known. */
export function progressText(progress: Pick<OpProgress, "done" | "total" | "unit">): string {
  const { done, total, unit } = progress;
  const part = progressPart(progress);
  const count = part === undefined ? grouped.format(done) : `${grouped.format(done)} of ${grouped.format(total)}`;
  return `${count}${unit === "" ? "" : ` ${unit}`}${part === undefined ? "" : `, ${Math.floor(100 * part)} %`}`;
}

/** "12 rows a second, about 5 s left", of an op that runs; empty when nothing sensible can be said. */
export function progressPace({ done, total, unit, rate, ms }: OpProgress, now: number): string {
  if (rate === undefined || rate <= 0) return "";
  const pace = `${grouped.format(rate)}${unit === "" ? "" : ` ${unit}`} a second`;
  if (!(total > done) || ms === undefined) return pace;
  const left = ((total - done) / rate) * 1000 - Math.max(0, now - ms);
  // Clocks differ, and an op that has said nothing for longer than it had left may hang.
  return left < 500 ? pace : `${pace}, about ${formatDuration(left)} left`;
}
