import { pause, until } from './waiting.mjs';

/**
 * What our promises need of a client, each where clients are known to fail. A case passes if it resolves; it rejects with
 * what was seen. `broker`: makes and removes topics, and writes what a candidate is to read, with a client that passes.
 */
export const CASES = [
  {
    what: 'two aborts of one producer in one fetch',
    async check(candidate, { newTopic, transact }) {
      const topic = await newTopic();
      await transact(topic, ['aborted 1'], 'abort');
      await transact(topic, ['aborted 2'], 'abort');
      await transact(topic, ['kept'], 'commit');
      expectValues(await candidate.read(topic, { from: 0 }), ['kept']);
    },
  },
  {
    what: 'the abort marker in a later fetch',
    async check(candidate, { newTopic, transact, write }) {
      const topic = await newTopic();
      const long = (name) => name + '.'.repeat(3_000);
      await transact(topic, [long('aborted 1')], 'abort');
      await write(topic, ['plain']);
      await transact(
        topic,
        [1, 2, 3, 4].map((n) => long(`aborted ${n}`)),
        'abort',
        1,
      );
      await transact(topic, ['kept'], 'commit');
      expectValues(await candidate.read(topic, { from: 0, maxBytes: 3_500 }), ['plain', 'kept']);
    },
  },
  {
    what: 'a fetch that starts at a marker',
    async check(candidate, { newTopic, transact }) {
      const topic = await newTopic();
      await transact(topic, ['aborted'], 'abort');
      await transact(topic, ['kept'], 'commit');
      expectValues(await candidate.read(topic, { from: 1 }), ['kept']);
      expectValues(await candidate.read(topic, { from: 3 }), []);
    },
  },
  {
    what: 'nothing beyond an open transaction',
    async check(candidate, { newTopic, write, begin }) {
      const topic = await newTopic();
      await write(topic, ['before']);
      const transaction = await begin();
      await transaction.send(topic, ['within']);
      await write(topic, ['after']);
      const early = await candidate.read(topic, { from: 0 });
      await transaction.commit();
      expectValues(early, ['before']);
      expectValues(await candidate.read(topic, { from: 0 }), ['before', 'within', 'after']);
    },
  },
  {
    what: 'a zombie of an older generation is fenced',
    async check(candidate, { newTopic, newName, write }) {
      const topic = await newTopic();
      const group = newName();
      await write(topic, ['one', 'two']);
      const zombie = await candidate.joinAndFallSilent(group, topic);
      const successor = await candidate.joinAndFallSilent(group, topic);
      try {
        await zombie.commitInTransaction(newName()).then(
          () => {
            throw new Error('its commit was taken');
          },
          (error) => {
            if (!/generation|member|fenced|rebalanc/i.test(describe(error))) throw error;
          },
        );
      } finally {
        await zombie.close();
        await successor.close();
      }
    },
  },
  {
    what: 'a topic deleted and created again is noticed',
    async check(candidate, { newTopic, write, createTopic, deleteTopic }) {
      const topic = await newTopic();
      await write(topic, ['old 1', 'old 2', 'old 3']);
      const follower = await candidate.follow(topic);
      try {
        await until(() => follower.values.length === 3, 'the events of the old one', 15_000);
        await deleteTopic(topic);
        await createTopic(topic);
        await write(topic, ['new 1', 'new 2', 'new 3', 'new 4', 'new 5']);
        await pause(3_000);
        const fresh = follower.values.slice(3);
        if (follower.failure === undefined && fresh.length !== 5) {
          throw new Error(`no failure, and of five new events it gave ${JSON.stringify(fresh)}`);
        }
        if (follower.failure === undefined) throw new Error('it went on as if nothing had happened');
      } finally {
        await follower.close();
      }
    },
  },
];

const describe = (error) =>
  [
    error.message,
    error.type,
    error.code,
    ...(error.errors ?? []).map(describe),
    error.cause && describe(error.cause),
  ].join(' ');

function expectValues(found, expected) {
  const short = found.map((value) => value.replace(/\.{10,}$/, ''));
  if (JSON.stringify(short) !== JSON.stringify(expected)) {
    throw new Error(`gave ${JSON.stringify(short)} instead of ${JSON.stringify(expected)}`);
  }
}
