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
});
