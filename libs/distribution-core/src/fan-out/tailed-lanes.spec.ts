import { noMetrics } from '../ports/metrics.port.js';
import { aTopic, events, FakeClock, InMemoryLog, settle } from '../testing/index.js';
import { FanOut } from './fan-out.js';

/** Of a broker over the network each question costs a moment. */
class QuestionedLog extends InMemoryLog {
  readonly questions: string[] = [];

  override ends(topic: string) {
    this.questions.push(`ends of ${topic}`);
    return super.ends(topic);
  }

  override seek(topic: string, partition: number, timeMicros: number) {
    this.questions.push(`place in ${topic}#${partition}`);
    return super.seek(topic, partition, timeMicros);
  }
}

describe('the lanes of a topic', () => {
  it('are opened with one question for their ends, and none for a place in those that are empty', async () => {
    const clock = new FakeClock();
    const log = new QuestionedLog({ clock });
    const fanOut = new FanOut({ log, clock, metrics: noMetrics });
    await log.createTopic('t', 4, { ms: 0, bytes: 0 });
    await log.append([{ topic: 't', partition: 2, records: events(3) }]);
    await fanOut.setTopics([aTopic('t', { partitions: 4 })]);
    const pinned = fanOut.pin(['t']);
    await settle(clock, 8);
    await pinned;
    expect(log.questions).toEqual(['ends of t', 'place in t#2', 'place in t#2']);
    const eventCounts = fanOut.laneStates().map(({ lane, eventCount }) => [lane.partition, eventCount]);
    expect(eventCounts.sort()).toEqual([
      [0, 0],
      [1, 0],
      [2, 3],
      [3, 0],
    ]);
    await fanOut.stop();
    await log.close();
  });

  it('are refused together where the broker has fewer, and keep no other topic from being read', async () => {
    const clock = new FakeClock();
    const log = new InMemoryLog({ clock });
    const fanOut = new FanOut({ log, clock, metrics: noMetrics });
    for (const name of ['fewer', 'whole']) await log.createTopic(name, 2, { ms: 0, bytes: 0 });
    await fanOut.setTopics([aTopic('fewer', { partitions: 3 }), aTopic('whole', { partitions: 2 })]);
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    const ends = log.ends.bind(log);
    log.ends = async (topic) => {
      if (topic === 'whole') await asked;
      return ends(topic);
    };
    const pinned = fanOut.pin(['fewer', 'whole']);
    const opened = pinned.then(undefined, () => fanOut.laneStates().map(({ lane }) => lane.topic));
    await settle(clock, 8);
    answer();
    await settle(clock, 8);
    await expect(pinned).rejects.toMatchObject({
      code: 'topic.not_found',
      message: 'the broker has 2 of the 3 partitions of fewer',
    });
    expect(await opened).toEqual(['whole', 'whole']);
    await fanOut.stop();
    await log.close();
  });
});
