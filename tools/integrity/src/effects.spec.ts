import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Receiver } from './effects.js';
import { MONITORING } from './stage/tested-service.js';
import { untilTrue } from './waiting.js';

describe('a receiver', () => {
  it('that ends by itself is told of, with its last words, and waited for by nobody', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'distributary-effects-'));
    const stage = { folder, service: MONITORING, ports: [1], streamUrl: () => 'nowhere' };
    const receiver = new Receiver('cursor', stage, 'run');
    receiver.start();
    await untilTrue('its end', () => receiver.ownEnds.length > 0, 20_000);
    await receiver.kill();
    expect(receiver.kills).toBe(0);
    expect(receiver.ownEnds).toEqual([expect.stringMatching(/^cursor: ended by itself with 1: .*Error/s)]);
    fs.rmSync(folder, { recursive: true });
  });
});
