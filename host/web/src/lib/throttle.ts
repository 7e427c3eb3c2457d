/** What is done now and then; "again" asks for another time, after a rest. */
export type ThrottledAction = () => "again" | undefined;

/** Lets an action through at most once in a while, and never forgets the last call. */
export class Throttle {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastMs = -Infinity;
  private action: ThrottledAction = () => undefined;
  private restMs = 0;

  start(action: ThrottledAction, restMs: number): () => void {
    this.action = action;
    this.restMs = restMs;
    return () => {
      clearTimeout(this.timer);
      this.timer = undefined;
    };
  }

  readonly call = (): void => {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.lastMs = performance.now();
      if (this.action() === "again") this.call();
    }, Math.max(0, this.lastMs + this.restMs - performance.now()));
  };
}
