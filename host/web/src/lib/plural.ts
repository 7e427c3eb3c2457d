const grouped = new Intl.NumberFormat("en");

/** "1 op", "0 ops", "1,204 ops". The plural may be given when an s does not make it. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${grouped.format(count)} ${count === 1 ? one : many}`;
}
