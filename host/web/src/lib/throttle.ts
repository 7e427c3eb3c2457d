/** Lets an action through at most once in a while, and never forgets the last call. */
export class Throttle {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastMs = -Infinity;
  private action: () => void = () => undefined;
  private restMs = 0;

  start(action: () => void, restMs: number): () => void {
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
      this.action();
    }, Math.max(0, this.lastMs + this.restMs - performance.now()));
  };
}
