/** A path without the keys of instances: "load[a].parse[b]" is an instance of "load.parse". */
export function templatePath(path: string): string {
  return path.includes("[") ? path.replace(/\[[^\]]*\]/g, "") : path;
}

/** Whether the path is that of an instance of a mapped op. */
export function isInstance(path: string): boolean {
  return path.includes("[");
}

/**
 * Whether an event of an op path belongs to an op: the op itself, its instances, and what is inside of them. Keys that
 * op names are those that are meant; where it names none, all are.
 */
export function isWithin(path: string, op: string): boolean {
  return startsWithPath(path, op) || (!isInstance(op) && startsWithPath(templatePath(path), op));
}

function startsWithPath(path: string, start: string): boolean {
  if (!path.startsWith(start)) return false;
  const next = path[start.length];
  return next === undefined || next === "." || next === "[";
}

/**
 * The path of one instance, from what is told when a map is expanded: the path of the op without the new key, and the
 * key. The key goes where a node is mapped and has fewer keys than maps; depthOf says of how many maps a node is a
 * part. Where nothing is known of that, it goes to the end.
 */
export function instancePath(path: string, key: string, depthOf: (template: string) => number): string {
  const parts = path.split(".");
  let template = "";
  for (const [index, part] of parts.entries()) {
    template = template === "" ? templatePath(part) : `${template}.${templatePath(part)}`;
    if (keysOf(part) < depthOf(template)) return [...parts.slice(0, index), `${part}[${key}]`, ...parts.slice(index + 1)].join(".");
  }
  return `${path}[${key}]`;
}

/** How many keys a path has. */
export function keysOf(path: string): number {
  return path.split("[").length - 1;
}
