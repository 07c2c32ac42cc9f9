import type { Meter } from '../meter.js';

type Format = (text: string) => boolean;

const MAX_LENGTH = 320;

const DATE = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = new RegExp(`^(?:${OCTET}\\.){3}${OCTET}$`);
const EMAIL = /^[^\s@]{1,64}@[^\s@.]{1,63}(?:\.[^\s@.]{1,63}){0,8}$/;
const URI = /^[a-z][a-z0-9+.-]{0,31}:[^\s]+$/i;

const FORMATS: Readonly<Record<string, Format>> = {
  date: (text) => DATE.test(text),
  'date-time': (text) => text[10]?.toUpperCase() === 'T' && DATE.test(text.slice(0, 10)) && TIME.test(text.slice(11)),
  email: (text) => EMAIL.test(text),
  ipv4: (text) => IPV4.test(text),
  uri: (text) => URI.test(text),
  uuid: (text) => UUID.test(text),
};

export const FORMAT_NAMES: readonly string[] = Object.keys(FORMATS);

/** By name. Each looks at a short text once, and the meter is asked first; a longer text has none of them. */
export function meteredFormats(meter: () => Meter): Readonly<Record<string, Format>> {
  const metered = (test: Format) => (text: string) => {
    if (text.length > MAX_LENGTH) return false;
    meter().read(text.length);
    return test(text);
  };
  return Object.fromEntries(Object.entries(FORMATS).map(([name, test]) => [name, metered(test)]));
}
