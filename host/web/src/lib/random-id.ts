import { hex } from "./bytes";

/** 32 random hex digits. (crypto.randomUUID is missing on pages that are neither https nor on loopback.) */
export function randomId(): string {
  return hex(crypto.getRandomValues(new Uint8Array(16)));
}
