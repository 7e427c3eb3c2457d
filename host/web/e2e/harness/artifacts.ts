import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";

/** Where screenshots and logs of the last run of the tests are. */
export const artifacts = path.join(import.meta.dirname, "..", "artifacts");

/** A file among the artifacts; what no file name may hold is replaced. */
export function artifact(name: string): string {
  return path.join(artifacts, name.replaceAll(/[^\w.-]+/g, "_"));
}

/** Begins with none: what is there afterwards is of this run. */
export default function setup(): void {
  rmSync(artifacts, { recursive: true, force: true });
  mkdirSync(artifacts, { recursive: true });
}
