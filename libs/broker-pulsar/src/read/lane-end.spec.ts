import type { IncomingHttpHeaders } from 'node:http';
import { positionAt } from '../records/message-position.js';
import { ORDERS } from '../testing/orders-topic.js';
import { laneStats } from '../topics/lane-stats.js';
import { PulsarNames } from '../topics/pulsar-names.js';
import type { PulsarTopic } from '../topics/pulsar-topic.js';
import { LaneEndFinder } from './lane-end.js';

const VALUE: IncomingHttpHeaders = { 'x-pulsar-txn-uncommitted': 'false' };
const MARKER: IncomingHttpHeaders = { 'x-pulsar-marker-type': '21' };
const ABORTED: IncomingHttpHeaders = { 'x-pulsar-txn-aborted': 'true' };
const UNDECIDED: IncomingHttpHeaders = { 'x-pulsar-txn-uncommitted': 'true' };
const piece = (number: number): IncomingHttpHeaders => ({
  'x-pulsar-chunk-id': String(number),
  'x-pulsar-num-chunks-from-msg': '3',
});

const theirs: PulsarTopic = { ...ORDERS, name: 'theirs', isOurs: false, firstLedgers: [] };
const lane = { topic: theirs.name, partition: 0, epoch: theirs.epoch };

/** Two entries in the first ledger, the others in the next one. */
function laneOf(...entries: readonly IncomingHttpHeaders[]) {
  let asked = 0;
  const web = {
    entryAt: (path: string) => {
      asked++;
      const [, ledger, entry] = /ledger\/(\d)\/entry\/(\d)$/.exec(path) ?? [];
      const headers = entries[(Number(ledger) - 5) * 2 + Number(entry)] as IncomingHttpHeaders | undefined;
      return headers === undefined
        ? Promise.reject(new Error(path))
        : Promise.resolve({ headers, body: Buffer.alloc(0) });
    },
  };
  const ledgers = [{ ledgerId: 5, entries: 2 }, { ledgerId: 6, entries: 0 }]; // prettier-ignore
  const inLast = entries.length - 2;
  const last = { lastConfirmedEntry: `6:${inLast - 1}`, currentLedgerEntries: inLast, ledgers };
  const stats = laneStats(lane, { numberOfEntries: entries.length, totalSize: 1_000, ...last }, undefined);
  const finder = new LaneEndFinder(web, new PulsarNames('public', 'test'));
  return { end: (topic = theirs) => finder.of(topic, stats), stats, asked: () => asked };
}

describe('the end of a lane that others write', () => {
  it.each([
    ['a message', [VALUE, VALUE, VALUE], positionAt(6, 0)],
    ['a marker', [VALUE, VALUE, VALUE, MARKER], positionAt(6, 0)],
    ['what was aborted', [VALUE, VALUE, ABORTED, ABORTED, MARKER], positionAt(5, 1)],
    ['what may yet be aborted', [VALUE, MARKER, UNDECIDED], positionAt(5, 0)],
    ['the last piece of a message', [VALUE, piece(0), piece(1), piece(2)], positionAt(6, 1)],
    ['a piece of a message of which there is no more', [VALUE, VALUE, piece(0), piece(1)], positionAt(5, 1)],
    ['nothing that readers are given', [MARKER, MARKER, MARKER], positionAt(5, -1)],
    ['what Pulsar does not tell of', [VALUE, VALUE, VALUE, VALUE, MARKER, undefined as never], positionAt(6, 3)],
  ])('is the last that readers are given, when its last is %s', async (_, entries, position) => {
    expect(await laneOf(...entries).end()).toBe(position);
  });

  it('is looked for once', async () => {
    const { end, asked } = laneOf(VALUE, VALUE, VALUE, MARKER);
    expect(await end()).toBe(await end());
    expect(asked()).toBe(2);
  });

  it('is the last entry, where the topic is ours', async () => {
    const { end, asked } = laneOf(VALUE, VALUE, VALUE);
    expect(await end(ORDERS)).toBe(positionAt(6, 0));
    expect(asked()).toBe(0);
  });
});
