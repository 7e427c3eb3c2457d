/** Groups digits by three, whatever their number: "-1,234,567". Text that is no whole number stays as it is. */
export function groupDigits(digits: string): string {
  const match = /^(-?)(\d+)$/.exec(digits);
  if (match === null) return digits;
  return (match[1] ?? "") + (match[2] ?? "").replace(/\B(?=(\d{3})+$)/g, ",");
}

const plain = new Intl.NumberFormat("en", { maximumSignificantDigits: 12 });
const scientific = new Intl.NumberFormat("en", { notation: "scientific", maximumSignificantDigits: 12 });

/** A number for people; what is not finite has its name. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-6 || size >= 1e15) ? scientific.format(value) : plain.format(value);
}
