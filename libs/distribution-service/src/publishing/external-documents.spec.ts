import { DistributionError, type EventRecord } from '@distributary/distribution-core';
import { anEvent } from '@distributary/distribution-core/testing';
import { documentReader } from './external-documents.js';
import type { EventReader } from './published-event.js';

const TOPIC = { topic: 'theirs', tenant: 'acme', dataType: 'NOTE', payload: { format: 'json' as const } };
const RECORD: EventRecord = {
  ...anEvent({ eventId: 'e-0-7', attributes: { region: 'eu', n: 1 } }),
  traceparent: '00-a',
};

/** Takes `{ note }` of at most 5 letters. */
const NOTES: EventReader = {
  keepsDigits: true,
  read: (input, index, problems) => {
    const { id, note, n = 2 } = input as { readonly id: string; readonly note?: unknown; readonly n?: number };
    if (typeof note !== 'string') {
      problems.push({ path: `events[${index}].note`, rule: 'must be a text' });
      return undefined;
    }
    if (note === 'broken') throw new Error('a fault of ours');
    if (note.length > 5) throw new DistributionError('payload.too_large', 'too long');
    return { topic: 'elsewhere', record: { ...anEvent({ eventId: id, attributes: { n } }), value: Buffer.from(note) } };
  },
};

const reader = (keepsDigits = true) =>
  documentReader({ ...NOTES, keepsDigits }, (document, { eventId }) => ({ id: eventId, ...document }));
const read = (text: string, keepsDigits?: boolean) => reader(keepsDigits)(RECORD, Buffer.from(text), TOPIC);

describe('a JSON document that others wrote', () => {
  it('is the event that the reader of published ones makes of it, with the attributes and the trace that it came with', () => {
    const event = read('{"note":"hi"}');
    expect(event).toMatchObject({
      eventId: 'e-0-7',
      attributes: { region: 'eu', n: 2 },
      value: Buffer.from('hi'),
      traceparent: '00-a',
    });
    expect(read('{"note":"hi","id":"mine"}')).toMatchObject({ eventId: 'mine' });
  });

  it.each([
    ['{"note":', 'payload_unreadable'],
    ['', 'payload_unreadable'],
    ['[]', 'event_invalid'],
    ['null', 'event_invalid'],
    ['{"note":1}', 'event_invalid'],
    ['{"note":"longer"}', 'event_invalid'],
    ['{"note":"hi","n":0.30000000000000004111}', 'event_invalid'],
  ])('%s is none: %s', (text, reason) => {
    expect(read(text)).toBe(reason);
  });

  it('may be rounded where digits do not count', () => {
    expect(read('{"note":"hi","n":0.30000000000000004111}', false)).toMatchObject({
      attributes: { n: 0.30000000000000004 },
    });
  });

  it('is not called wrong when the fault is ours', () => {
    expect(() => read('{"note":"broken"}')).toThrow('a fault of ours');
  });
});
