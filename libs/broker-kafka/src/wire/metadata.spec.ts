import { clusterView, epochOf } from './metadata.js';

const topic = (name: string, errorCode = 0) => ({
  errorCode,
  name,
  topicId: '00010203-0405-0607-0809-0a0b0c0d0e0f',
  isInternal: false,
  topicAuthorizedOperations: 0,
  partitions: [1, 0].map((partitionIndex) => ({
    errorCode: 0,
    partitionIndex,
    leaderId: 10 + partitionIndex,
    leaderEpoch: partitionIndex,
    replicaNodes: [],
    isrNodes: [],
    offlineReplicas: [],
  })),
});
const brokers = [{ nodeId: 10, host: 'a', port: 1, rack: null }];

describe('what a broker says of the cluster', () => {
  it('are brokers, and topics with their lanes by partition', () => {
    expect(clusterView({ brokers, topics: [topic('orders')] })).toEqual({
      brokers: new Map([[10, { host: 'a', port: 1 }]]),
      topics: [
        {
          name: 'orders',
          epoch: epochOf('00010203-0405-0607-0809-0a0b0c0d0e0f'),
          isInternal: false,
          partitions: [
            { leader: 10, leaderEpoch: 0 },
            { leader: 11, leaderEpoch: 1 },
          ],
        },
      ],
    });
    expect(epochOf('00010203-0405-0607-0809-0a0b0c0d0e0f')).toBe('AAECAwQFBgcICQoLDA0ODw');
  });

  it.each([3, 17, 100])('leaves out a topic that is not there (%i)', (errorCode) => {
    expect(clusterView({ brokers, topics: [topic('gone', errorCode)] }).topics).toEqual([]);
  });

  it('keeps a topic that has no leaders yet, and fails for one that may not be seen', () => {
    expect(clusterView({ brokers, topics: [topic('new', 5)] }).topics).toHaveLength(1);
    expect(() => clusterView({ brokers, topics: [topic('secret', 29)] })).toThrow('TOPIC_AUTHORIZATION_FAILED');
  });
});
