const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** 1234567 → "1,234,567". Takes `bigint` so that a u64 keeps its last digits. */
export function formatCount(value: number | bigint): string {
  // The usual ones by hand: some thousand a second while the cursor runs.
  if (
    typeof value === "bigint" ||
    !(value >= 0 && value <= Number.MAX_SAFE_INTEGER && Number.isInteger(value))
  )
    return whole.format(value);
  const digits = String(value);
  let text = digits.slice(0, digits.length % 3 || 3);
  for (let at = text.length; at < digits.length; at += 3) text += `,${digits.slice(at, at + 3)}`;
  return text;
}

const STEPS = [
  { from: 1e12, suffix: "T" },
  { from: 1e9, suffix: "G" },
  { from: 1e6, suffix: "M" },
  { from: 1e3, suffix: "k" },
] as const;

/** At most four characters and a suffix: 1234567 → "1.23M", 999 → "999". For axes and badges; the exact value goes in a title. */
export function formatCompact(value: number): string {
  const size = Math.abs(value);
  for (const { from, suffix } of STEPS) {
    // 999.5 rounds up into the next step: 999,950 must read "1.00M", never "1000k".
    if (size < from * 0.9995) continue;
    return `${threeDigits(value / from)}${suffix}`;
  }
  return Number.isInteger(value) ? String(value) : threeDigits(value);
}

/** Three significant digits without an exponent, for sizes below 1000. */
export function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (size >= 99.95) return value.toFixed(0);
  if (size >= 9.995) return value.toFixed(1);
  return value.toFixed(2);
}

/** A share from 0 to 1 as percent: one decimal below 10 %, none above; tiny but present shares read "<0.1 %". */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.1) return "<0.1 %";
  return `${percent < 10 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}
