const between = "|";

/** The key of a whole partition, as the tag penstock/partition has it. */
export function wholeKey(first: string, second = ""): string {
  return second === "" ? first : first + between + second;
}

/** The keys of the dimensions of a partition. */
export function dimensionKeys(key: string): string[] {
  return key.split(between);
}
