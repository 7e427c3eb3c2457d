import type { DescMethod } from "@bufbuild/protobuf";
import type { Interceptor } from "@connectrpc/connect";
import { Deferred } from "./deferred";

class Gate {
  readonly taken = new Deferred<undefined>();
  readonly given = new Deferred<undefined>();
}

/** An answer that is held back. */
export interface HeldAnswer {
  /** Resolves when the host has answered: what changes from then on is not in the answer. */
  taken: Promise<unknown>;
  /** Lets the page have the answer. */
  give: () => void;
}

/** Holds answers back, as a slow network does. */
export class Held {
  private readonly gates = new Map<string, Gate>();

  /** Holds the next answer of a method back. */
  next(method: DescMethod): HeldAnswer {
    const gate = new Gate();
    this.gates.set(nameOf(method), gate);
    return { taken: gate.taken.promise, give: () => { gate.given.resolve(undefined); } };
  }

  readonly interceptor: Interceptor = (next) => async (request) => {
    const gate = this.gates.get(nameOf(request.method));
    this.gates.delete(nameOf(request.method));
    const answer = await next(request);
    gate?.taken.resolve(undefined);
    await gate?.given.promise;
    return answer;
  };
}

function nameOf({ parent, name }: DescMethod): string {
  return `${parent.typeName}/${name}`;
}
