/** The programs that the tests run; `make test-e2e` builds them and says where they are. */
export const binaries = {
  penstock: "PENSTOCK_BIN",
  tutorial: "TUTORIAL_BIN",
  testcode: "TESTCODE_BIN",
  peerserver: "PEERSERVER_BIN",
  chromium: "CHROMIUM_BIN",
} as const;

/** A program's name. */
export type Program = keyof typeof binaries;

/** The absolute path of a program. */
export function binary(program: Program): string {
  const name = binaries[program];
  const value = process.env[name] ?? "";
  if (!value.startsWith("/")) throw new Error(`${name} must be the absolute path of ${program}, got "${value}"; run the tests with: make test-e2e`);
  return value;
}
