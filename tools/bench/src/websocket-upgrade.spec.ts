import fc from 'fast-check';
import { UpgradeAnswer, upgradeRequest } from './websocket-upgrade.js';

describe('the upgrade to WebSocket', () => {
  it('asks for the extension that is named, and for none otherwise', () => {
    expect(upgradeRequest(80, '/stream', 'permessage-deflate')).toMatch(/Extensions: permessage-deflate\r\n\r\n$/);
    expect(upgradeRequest(80, '/stream')).not.toContain('Extensions');
  });

  it('ends where the frames begin, however the bytes are cut', () => {
    const answer = Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nframes\r\n\r\n');
    const framesAt = answer.indexOf('frames');
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (cuts) => {
        const reader = new UpgradeAnswer();
        for (let at = 0, turn = 0; ; turn++) {
          const to = Math.min(answer.length, at + cuts[turn % cuts.length]);
          const found = reader.read(answer, at, to);
          if (to >= framesAt) return found === framesAt;
          if (found !== undefined) return false;
          at = to;
        }
      }),
    );
  });

  it('tells the first line of a refusal', () => {
    const reader = new UpgradeAnswer();
    const answer = Buffer.from('HTTP/1.1 503 Busy\r\nretry-after: 1\r\n\r\n');
    expect(reader.read(answer, 0, answer.length)).toBeUndefined();
    expect(reader.refusal).toBe('HTTP/1.1 503 Busy');
  });
});
