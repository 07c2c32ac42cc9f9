import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { LOCAL_PRINCIPAL } from '@distributary/distribution-core';
import { FakeClock } from '@distributary/distribution-core/testing';
import type { StreamSessions } from '../stream-sessions.js';
import type { StreamVocabulary } from '../stream-vocabulary.js';
import { SseDoor } from './sse-door.js';

const vocabulary = {
  keys: {},
  selectionOf: () => ({ topicPatterns: ['#'] }),
  defaultSlowPolicy: () => 'block',
} as unknown as StreamVocabulary;

describe('a stream of server-sent events', () => {
  it('is not opened for a client that has left while it was found out who it is', async () => {
    let started = 0;
    const start = () => void started++;
    const sessions = { deps: { vocabulary, clock: new FakeClock(), catalogVersion: () => 1 }, start };
    const door = new SseDoor(sessions as unknown as StreamSessions);
    const open = async (leaves: boolean) => {
      const request = Object.assign(new IncomingMessage(new Socket()), { url: '/stream' });
      const response = new ServerResponse(request);
      if (leaves) response.destroy();
      await door.open(request, response, LOCAL_PRINCIPAL, () => undefined);
    };
    await open(true);
    expect(started).toBe(0);
    await open(false);
    expect(started).toBe(1);
  });
});
