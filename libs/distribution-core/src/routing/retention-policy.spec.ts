import fc from 'fast-check';
import { parseRetentionPolicy } from './retention-policy.js';

describe('parseRetentionPolicy', () => {
  it.each([
    ['7d', { ms: 604_800_000, bytes: 0 }],
    ['12h', { ms: 43_200_000, bytes: 0 }],
    ['30m', { ms: 1_800_000, bytes: 0 }],
    ['90s', { ms: 90_000, bytes: 0 }],
    ['1500ms', { ms: 1500, bytes: 0 }],
    ['2w', { ms: 1_209_600_000, bytes: 0 }],
    ['7d,1GiB', { ms: 604_800_000, bytes: 1_073_741_824 }],
    [' 500MB , 1h ', { ms: 3_600_000, bytes: 500_000_000 }],
    ['64KiB', { ms: 0, bytes: 65_536 }],
    ['forever', { ms: 0, bytes: 0 }],
  ])('reads %s', (text, retention) => {
    expect(parseRetentionPolicy(text)).toEqual(retention);
  });

  it.each([
    '',
    '7',
    'd',
    '7 d',
    '-7d',
    '1.5h',
    '0d',
    '0B',
    '7d,',
    '7d,8d',
    '1GiB,2GiB',
    '7D',
    '7d 1GiB',
    '7d;1GiB',
    '999999999999999w',
    '7toString',
    'forever,1GiB',
  ])('refuses "%s"', (text) => {
    expect(() => parseRetentionPolicy(text)).toThrow(expect.objectContaining({ code: 'request.invalid' }));
  });

  it('names the path that it was given', () => {
    const problems = [expect.objectContaining({ path: 'topics[2].retention_policy' })];
    expect(() => parseRetentionPolicy('soon', 'topics[2].retention_policy')).toThrow(
      expect.objectContaining({ problems }),
    );
  });

  it('answers with a policy or request.invalid, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          const { ms, bytes } = parseRetentionPolicy(text);
          return Number.isSafeInteger(ms) && Number.isSafeInteger(bytes);
        } catch (error) {
          return (error as { code?: string }).code === 'request.invalid';
        }
      }),
    );
  });
});
