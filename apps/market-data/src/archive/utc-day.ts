import { invalidRequest } from '@distributary/distribution-core';

const DAY_MICROS = 86_400_000_000;

/** Days of UTC since 1970-01-01. */
export const dayOf = (micros: number): number => Math.floor(micros / DAY_MICROS);

/** `2026-11-22` */
export const dayText = (day: number): string => new Date((day * DAY_MICROS) / 1000).toISOString().slice(0, 10);

/** The inverse of {@link dayText}; undefined for anything that it never made. */
export function dayOfText(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const day = Date.parse(`${text}T00:00:00Z`) / 86_400_000;
  return Number.isSafeInteger(day) && dayText(day) === text ? day : undefined;
}

/** Days from `today` back that are kept, today included; `request.invalid` if it is not at least one whole day. */
export function firstKeptDay(todayMicros: number, retentionDays: number): number {
  if (!Number.isSafeInteger(retentionDays) || retentionDays < 1) {
    throw invalidRequest([{ path: 'retentionDays', rule: 'must be a whole number of days, at least 1' }]);
  }
  return dayOf(todayMicros) - retentionDays + 1;
}
