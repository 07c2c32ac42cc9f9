import { ByteReader } from './byte-reader.js';
import { checkFeatures, featuresRequest } from './broker-features.js';

const NEEDED = new Map([
  [0, 13],
  [1, 17],
  [26, 5],
  [28, 5],
]);

describe('what a broker can do', () => {
  it('is read from its answer, whatever else is in it', () => {
    const name = Buffer.from('transaction.version');
    const feature = Buffer.concat([Buffer.from([name.length + 1]), name, Buffer.from('0002000200', 'hex')]);
    const tagged = Buffer.concat([Buffer.from([2]), feature]);
    const answer = Buffer.concat([
      Buffer.from('0000 03 0000 0000 000d 00 0001 0000 0011 00 00000000 02'.replaceAll(' ', ''), 'hex'),
      Buffer.from('010200ff', 'hex'),
      Buffer.from([2, tagged.length]),
      tagged,
    ]);
    const { requests, features } = featuresRequest.read(new ByteReader(answer));
    expect([...requests]).toEqual([
      [0, 13],
      [1, 17],
    ]);
    expect([...features]).toEqual([['transaction.version', 2]]);
  });

  it('must be enough, and all that is missing is named', () => {
    expect(() => checkFeatures({ requests: NEEDED, features: new Map([['transaction.version', 2]]) })).not.toThrow();
    const old = { requests: new Map([...NEEDED, [0, 12]]), features: new Map<string, number>() };
    expect(() => checkFeatures(old)).toThrow('lacks Produce 13, transaction.version 2');
  });
});
