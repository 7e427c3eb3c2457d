/** Ends a switch over a closed union: the compiler refuses the call while a case is missing. */
export function assertUnreachable(value: never): never {
  throw new Error(`unexpected value ${JSON.stringify(value)}`);
}
