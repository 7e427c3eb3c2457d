/** What to follow: open a stream and give each of its messages away. */
export interface Followed<T> {
  /** Opens the stream; it must end when the signal aborts. */
  open: (signal: AbortSignal) => AsyncIterable<T>;
  /** Takes each message. */
  onMessage: (message: T) => void;
  /** Called with the error when a stream breaks; return false to give up. */
  onBreak?: (error: unknown) => boolean;
  /** Called when the server ends the stream in good order; return false when that is the end of it. */
  onEnd?: () => boolean;
}

const firstDelay = 500;
const lastDelay = 15_000;

/**
 * Keeps a stream open until the returned function is called: opens it again when it breaks, waiting longer each time.
 *
 * A hidden tab holds no stream. Over plain HTTP a browser has six connections for a host, all tabs together; streams of
 * tabs that nobody sees would leave none for the one in front.
 */
export function follow<T>(followed: Followed<T>): () => void {
  const all = new AbortController();
  void run(followed, all.signal);
  return () => {
    all.abort();
  };
}

async function run<T>(followed: Followed<T>, all: AbortSignal): Promise<void> {
  let delay = firstDelay;
  while (!all.aborted) {
    await visible(all);
    const end = await once(followed, all, () => {
      delay = firstDelay;
    });
    if (end === "done") return;
    if (end === "hidden") continue;
    await pause(delay, all);
    delay = Math.min(delay * 2, lastDelay);
  }
}

// Opens the stream once; it is cut when the tab is hidden or all is over.
async function once<T>({ open, onMessage, onBreak, onEnd }: Followed<T>, all: AbortSignal, onLife: () => void): Promise<"again" | "hidden" | "done"> {
  const one = new AbortController();
  const isCut = () => one.signal.aborted;
  const check = () => {
    if (all.aborted || document.hidden) one.abort();
  };
  all.addEventListener("abort", check);
  document.addEventListener("visibilitychange", check);
  check();
  try {
    if (!isCut()) {
      for await (const message of open(one.signal)) {
        if (isCut()) break;
        onLife();
        onMessage(message);
      }
    }
    return isCut() ? "hidden" : onEnd?.() === false ? "done" : "again";
  } catch (error) {
    return isCut() ? "hidden" : onBreak?.(error) === false ? "done" : "again";
  } finally {
    all.removeEventListener("abort", check);
    document.removeEventListener("visibilitychange", check);
  }
}

function visible(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener("visibilitychange", check);
      signal.removeEventListener("abort", check);
      resolve();
    };
    document.addEventListener("visibilitychange", check);
    signal.addEventListener("abort", check);
    check();
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
