import { formatFloat, groupDigits } from "./number-format";

/** A whole number, grouped; the exact digits on hover. */
export function IntView({ digits }: { digits: string }) {
  return <span title={digits}>{groupDigits(digits)}</span>;
}

/** A number; every digit of it on hover. */
export function FloatView({ value }: { value: number }) {
  return <span title={String(value)}>{formatFloat(value)}</span>;
}
