const FRACTION = /\.(\d+)/;

/** ISO 8601 with an offset, as validated at the edge → epoch microseconds; digits beyond the sixth are cut off. */
export function microsOfIso(text: string): number {
  const fraction = FRACTION.exec(text)?.[1] ?? '';
  const wholeSeconds = Date.parse(text.replace(FRACTION, ''));
  return wholeSeconds * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
}

/** Epoch microseconds → `2025-06-21T10:00:00.000Z`. */
export const isoOfMicros = (micros: number): string => new Date(Math.floor(micros / 1000)).toISOString();
