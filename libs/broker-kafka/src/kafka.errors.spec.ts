import {
  connectionLost,
  isKafkaError,
  KAFKA,
  KafkaError,
  kafkaError,
  positionLost,
  topicNotFound,
} from './kafka.errors.js';

describe('what Kafka answers, in our codes', () => {
  it.each([
    [KAFKA.offsetOutOfRange, 'position.lost', false],
    [KAFKA.unknownTopicOrPartition, 'topic.not_found', true],
    [KAFKA.unknownTopicId, 'topic.not_found', true],
    [KAFKA.messageTooLarge, 'payload.too_large', false],
    [KAFKA.topicExists, 'topic.exists', false],
    [KAFKA.invalidTopic, 'request.invalid', false],
    [KAFKA.illegalGeneration, 'generation.stale', false],
    [KAFKA.notLeader, 'broker.unavailable', true],
    [KAFKA.concurrentTransactions, 'broker.unavailable', true],
    [KAFKA.producerFenced, 'broker.unavailable', false],
    [29, 'broker.unavailable', false],
    [31_000, 'broker.unavailable', false],
  ])('%i is %s', (kafkaCode, code, isTransient) => {
    expect(kafkaError(kafkaCode, 'try')).toMatchObject({ code, isTransient, kafkaCode });
  });

  it('names what was done, Kafka’s name of the error, and what it says of it', () => {
    expect(kafkaError(10, 'append to orders#1', 'too big').message).toBe(
      'Kafka answered MESSAGE_TOO_LARGE to append to orders#1: too big',
    );
    expect(kafkaError(31_000, 'try').message).toBe('Kafka answered error 31000 to try');
  });
});

describe('a broker that does not answer', () => {
  it('may be asked again, and the reason is said however deep it lies', () => {
    const cause = new Error('Connection error', { cause: new Error('connect ECONNREFUSED') });
    const error = connectionLost('produce', cause);
    expect(error).toMatchObject({ code: 'broker.unavailable', isTransient: true, retryable: true, cause });
    expect(error.message).toBe('no answer of Kafka to produce: Connection error: connect ECONNREFUSED');
    expect(connectionLost('produce', 'torn').message).toContain('torn');
  });

  it('is not asked again when it refused the login', () => {
    const refused = Object.assign(new Error('SASL authentication failed.'), { code: 'PLT_KFK_AUTHENTICATION' });
    expect(connectionLost('connect', new Error('failed', { cause: refused })).isTransient).toBe(false);
  });
});

it('errors are told apart by Kafka’s code', () => {
  expect(isKafkaError(kafkaError(90, 'end'), KAFKA.producerFenced)).toBe(true);
  expect(isKafkaError(kafkaError(90, 'end'), KAFKA.notLeader)).toBe(false);
  expect(isKafkaError(topicNotFound('x'), KAFKA.producerFenced)).toBe(false);
  expect(positionLost('gone')).not.toBeInstanceOf(KafkaError);
});
