interface Reader<T> {
  waiting: T[];
  wake: () => void;
  ended: boolean;
  waits: boolean;
  error?: Error;
}

/** A stream that a test feeds: what is sent reaches every reader that is there, and those that come later get nothing old. */
export class Channel<T> {
  private readonly readers = new Set<Reader<T>>();

  /** How many read now. */
  get size(): number {
    return this.readers.size;
  }

  /** Whether all who read have taken all that was sent, and wait for more. */
  get idle(): boolean {
    return [...this.readers].every((reader) => reader.waits);
  }

  send(...messages: T[]): void {
    for (const reader of this.readers) {
      reader.waiting.push(...messages);
      reader.waits = false;
      reader.wake();
    }
  }

  /** Ends the streams of all who read now, in good order. */
  end(): void {
    for (const reader of this.readers) {
      reader.ended = true;
      reader.wake();
    }
  }

  /** Breaks the streams of all who read now. */
  fail(error: Error): void {
    for (const reader of this.readers) {
      reader.error = error;
      reader.wake();
    }
  }

  async *read(signal: AbortSignal, ...first: T[]): AsyncIterable<T> {
    const reader: Reader<T> = { waiting: first, wake: () => undefined, ended: false, waits: false };
    const wake = () => {
      reader.wake();
    };
    this.readers.add(reader);
    signal.addEventListener("abort", wake);
    try {
      while (!signal.aborted) {
        const next = reader.waiting.shift();
        if (reader.error !== undefined) throw reader.error;
        if (next !== undefined) yield next;
        else if (reader.ended) return;
        else await this.wait(reader);
      }
    } finally {
      signal.removeEventListener("abort", wake);
      this.readers.delete(reader);
    }
  }

  private async wait(reader: Reader<T>): Promise<void> {
    await new Promise<void>((resolve) => {
      reader.waits = true;
      reader.wake = resolve;
    });
    reader.waits = false;
  }
}
