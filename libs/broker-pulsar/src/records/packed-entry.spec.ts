import { positionOf } from './message-position.js';
import { unpacked } from './packed-entry.js';

/** As Pulsar 4.0.7 told of it: `{"n":1}`, nothing, and `{"n":3}` with a property. */
const HEADERS = {
  'x-pulsar-num-batch-message': '3',
  'x-pulsar-is-encrypted': 'false',
  'x-pulsar-publish-time': '2026-11-23T12:01:41.996Z',
  'x-pulsar-txn-uncommitted': 'false',
};
const BODY = '0000000512016118077b226e223a317d00000007120162180048010000000d0a060a017812017912016318077b226e223a337d';
/** With one that compaction left out, in the middle. */
const COMPACTED = '0000000512016118077b226e223a347d00000007120171180220016e6f00000005120163180178';
const place = { ledger: 5, entry: 0, batchIndex: -1 };
const open = (body: string, headers: object = {}) =>
  unpacked({ headers: { ...HEADERS, ...headers }, body: Buffer.from(body, 'hex') }, place, 0);

describe('an entry into which several messages were packed', () => {
  it('is unpacked into what readers are given of it, and what they are not', () => {
    const publishTime = HEADERS['x-pulsar-publish-time'];
    const message = (key: string, messageId: string, text: string, properties = {}) => ({
      ...{ key, messageId, payload: Buffer.from(text).toString('base64'), properties, publishTime },
    });
    expect(open(BODY)).toEqual([
      // With the id that its reader gave it.
      { message: message('a', 'CAUQABgAIAAwAw==', '{"n":1}'), isWithoutValue: false, position: at(0) },
      { message: message('b', 'CAUQABgAIAEwAw==', 'null'), isWithoutValue: true, position: at(1) },
      { message: message('c', 'CAUQABgAIAIwAw==', '{"n":3}', { x: 'y' }), isWithoutValue: false, position: at(2) },
    ]);
  });

  it('has places for what compaction left out, which is not given', () => {
    expect(open(COMPACTED)?.map(({ position }) => position)).toEqual([at(0), at(2)]);
  });

  it.each([
    ['ends too soon', BODY.slice(0, -2), {}],
    ['ends within a number', BODY.slice(0, 38), {}],
    ['has more than it says', BODY, { 'x-pulsar-num-batch-message': '2' }],
    ['has less than it says', BODY, { 'x-pulsar-num-batch-message': '4' }],
    ['would have more than is taken', BODY, { 'x-pulsar-num-batch-message': '100001' }],
    ['is no container', '7b226e223a367d', {}],
    ['has a part that is no field', `00000001ff${BODY}`, {}],
    ['is encrypted', BODY, { 'x-pulsar-is-encrypted': 'true' }],
    ['may yet be aborted', BODY, { 'x-pulsar-txn-uncommitted': 'true' }],
    ['was aborted', BODY, { 'x-pulsar-txn-aborted': 'true' }],
    ['is a single message', BODY, { 'x-pulsar-num-batch-message': undefined }],
  ])('is not unpacked if it %s', (_, body, headers) => {
    expect(open(body, headers)).toBeUndefined();
  });
});

const at = (batchIndex: number) => positionOf({ ...place, batchIndex });
