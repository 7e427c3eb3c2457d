import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { instantMs } from "@/lib/instant";

type Test = (run: Run) => boolean;

/** What is wrong with a selector, as the host says it. */
export class SelectorError extends Error {
  constructor(message: string, readonly column: number) {
    super(message);
  }
}

/** The runs that a selector selects: as much of the language as the tests of pages need. */
export function readSelector(text: string): Test {
  const tokens = [...text.matchAll(/"((?:[^"\\]|\\.)*)"|([()]|!=|[<>]=?|=)|([^\s()=!<>"]+)|(\S)/g)].map((match) => ({
    text: match[1]?.replaceAll(/\\(.)/g, "$1") ?? match[0],
    quoted: match[1] !== undefined,
    operator: match[2] !== undefined,
    column: match.index + 1,
  }));
  let at = 0;
  const end = text.length + 1;
  const next = (what: string) => tokens[at]?.quoted === false && tokens[at]?.text === what;
  const fail = (wanted: string): never => {
    throw new SelectorError(`${wanted} is missing here`, tokens[at]?.column ?? end);
  };
  const value = () => {
    const token = tokens[at];
    if (token === undefined || token.operator) return fail("a value");
    at++;
    return token.text;
  };
  const term = (): Test => {
    if (next("not")) {
      at++;
      const inner = term();
      return (run) => !inner(run);
    }
    if (next("(")) {
      at++;
      const inner = any();
      if (!next(")")) fail(")");
      at++;
      return inner;
    }
    const key = value();
    const operator = tokens[at];
    if (operator?.operator !== true || operator.text === ")") return (run) => valuesOf(run, key).length > 0;
    at++;
    const wanted = value();
    switch (operator.text) {
      case "=":
        return (run) => valuesOf(run, key).some((each) => (key === "snapshot" ? each.startsWith(wanted) : each.toLowerCase() === wanted.toLowerCase()));
      case "!=":
        return (run) => !valuesOf(run, key).includes(wanted);
      case ">":
        return (run) => (instantMs(run.createdAt) ?? 0) > timeOf(wanted);
      case ">=":
        return (run) => (instantMs(run.createdAt) ?? 0) >= timeOf(wanted);
      default:
        return (run) => (instantMs(run.createdAt) ?? 0) < timeOf(wanted);
    }
  };
  const all = (): Test => {
    const terms = [term()];
    for (; next("and"); terms.push(term())) at++;
    return (run) => terms.every((each) => each(run));
  };
  const any = (): Test => {
    const terms = [all()];
    for (; next("or"); terms.push(all())) at++;
    return (run) => terms.some((each) => each(run));
  };
  if (tokens.length === 0) return () => true;
  const test = any();
  if (at < tokens.length) fail("and or or");
  return test;
}

function timeOf(text: string): number {
  const ago = /^-(\d+)([hd])$/.exec(text);
  if (ago === null) return Date.parse(text);
  return Date.now() - Number(ago[1]) * (ago[2] === "h" ? 3_600_000 : 86_400_000);
}

function valuesOf(run: Run, key: string): string[] {
  const { location = "", repository = "", job = "" } = run.job ?? {};
  const fields: Record<string, string[]> = {
    status: [RunStatus[run.status]],
    job: [job, `${repository}/${job}`, `${location}/${repository}/${job}`],
    location: [location],
    version: [run.codeVersion, run.startedCodeVersion],
    snapshot: [run.snapshot, run.startedSnapshot],
  };
  const tags = run.tags.filter((tag) => tag.key === key.replace(/^tag:/, "")).map((tag) => tag.value);
  return fields[key] ?? tags;
}
