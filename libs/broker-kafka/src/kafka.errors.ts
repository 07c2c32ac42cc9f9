import type { ErrorCode } from '@distributary/distribution-core';
import { DistributionError } from '@distributary/distribution-core';
import { protocolErrors } from '@platformatic/kafka';

/** Codes of the protocol that this adapter decides by. */
export const KAFKA = {
  unknownServerError: -1,
  none: 0,
  offsetOutOfRange: 1,
  corruptMessage: 2,
  unknownTopicOrPartition: 3,
  leaderNotAvailable: 5,
  notLeader: 6,
  requestTimedOut: 7,
  brokerNotAvailable: 8,
  replicaNotAvailable: 9,
  messageTooLarge: 10,
  networkException: 13,
  coordinatorLoading: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  invalidTopic: 17,
  recordListTooLarge: 18,
  notEnoughReplicas: 19,
  notEnoughReplicasAfterAppend: 20,
  illegalGeneration: 22,
  unknownMember: 25,
  rebalanceInProgress: 27,
  topicExists: 36,
  invalidPartitions: 37,
  invalidReplicationFactor: 38,
  notController: 41,
  outOfOrderSequence: 45,
  duplicateSequence: 46,
  invalidProducerEpoch: 47,
  invalidTransactionState: 48,
  invalidProducerIdMapping: 49,
  concurrentTransactions: 51,
  storageError: 56,
  unknownProducerId: 59,
  groupNotFound: 69,
  fencedLeaderEpoch: 74,
  unknownLeaderEpoch: 75,
  staleBrokerEpoch: 77,
  offsetNotAvailable: 78,
  fencedInstance: 82,
  unstableOffsetCommit: 88,
  throttled: 89,
  producerFenced: 90,
  unknownTopicId: 100,
  inconsistentTopicId: 103,
  transactionAbortable: 120,
} as const;

const CODES: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [KAFKA.offsetOutOfRange, 'position.lost'],
  [KAFKA.unknownTopicOrPartition, 'topic.not_found'],
  [KAFKA.unknownTopicId, 'topic.not_found'],
  [KAFKA.inconsistentTopicId, 'topic.not_found'],
  [KAFKA.messageTooLarge, 'payload.too_large'],
  [KAFKA.recordListTooLarge, 'payload.too_large'],
  [KAFKA.topicExists, 'topic.exists'],
  [KAFKA.invalidTopic, 'request.invalid'],
  [KAFKA.invalidPartitions, 'request.invalid'],
  [KAFKA.illegalGeneration, 'generation.stale'],
  [KAFKA.unknownMember, 'generation.stale'],
  [KAFKA.rebalanceInProgress, 'generation.stale'],
  [KAFKA.fencedInstance, 'generation.stale'],
]);

/** Gone after a while, or after another look at who leads: worth another attempt within the deadline. */
const TRANSIENT: ReadonlySet<number> = new Set<number>([
  // A broker that is shutting down says it to what it has under way.
  KAFKA.unknownServerError,
  KAFKA.corruptMessage,
  KAFKA.leaderNotAvailable,
  KAFKA.notLeader,
  KAFKA.requestTimedOut,
  KAFKA.brokerNotAvailable,
  KAFKA.replicaNotAvailable,
  KAFKA.networkException,
  KAFKA.coordinatorLoading,
  KAFKA.coordinatorNotAvailable,
  KAFKA.notCoordinator,
  KAFKA.notEnoughReplicas,
  KAFKA.notEnoughReplicasAfterAppend,
  KAFKA.notController,
  KAFKA.concurrentTransactions,
  KAFKA.storageError,
  KAFKA.fencedLeaderEpoch,
  KAFKA.unknownLeaderEpoch,
  KAFKA.staleBrokerEpoch,
  KAFKA.offsetNotAvailable,
  KAFKA.unstableOffsetCommit,
  KAFKA.throttled,
  // Seen right after a topic was made, by a broker that has not heard of it; the metadata decides whether it is gone.
  KAFKA.unknownTopicOrPartition,
  KAFKA.unknownTopicId,
  KAFKA.inconsistentTopicId,
]);

/** A failure of the protocol, with Kafka's own code for whoever decides by it. */
export class KafkaError extends DistributionError {
  constructor(
    readonly kafkaCode: number,
    readonly isTransient: boolean,
    code: ErrorCode,
    message: string,
    cause?: unknown,
  ) {
    super(code, message, cause === undefined ? {} : { cause });
  }
}

/** What a broker answered, in our codes; `what` says what was being done. */
export function kafkaError(kafkaCode: number, what: string, detail?: string | null): KafkaError {
  const name = Object.values(protocolErrors).find((error) => error.code === kafkaCode)?.id ?? `error ${kafkaCode}`;
  const message = `Kafka answered ${name} to ${what}${detail ? `: ${detail}` : ''}`;
  return new KafkaError(kafkaCode, TRANSIENT.has(kafkaCode), CODES.get(kafkaCode) ?? 'broker.unavailable', message);
}

/** No answer, or no connection. What was asked may have been done all the same. */
export function connectionLost(what: string, cause: unknown): KafkaError {
  const isRefused = isAuthenticationFailure(cause);
  const message = `no answer of Kafka to ${what}: ${messageOf(cause)}`;
  return new KafkaError(KAFKA.networkException, !isRefused, 'broker.unavailable', message, cause);
}

/** Whether the same request may succeed in a while. */
export const isTransient = (error: unknown): boolean => error instanceof KafkaError && error.isTransient;

export const isKafkaError = (error: unknown, ...codes: readonly number[]): error is KafkaError =>
  error instanceof KafkaError && codes.includes(error.kafkaCode);

export function unavailable(message: string, cause?: unknown): DistributionError {
  return new DistributionError('broker.unavailable', message, { cause });
}

/** Its deadline has passed; it may be there all the same. */
export const notInTime = (): DistributionError => unavailable('Kafka has not confirmed it in time');

export const topicNotFound = (topic: string): DistributionError =>
  new DistributionError('topic.not_found', `there is no topic ${topic}`);

export const positionLost = (message: string): DistributionError => new DistributionError('position.lost', message);

interface Reason {
  readonly message?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
}

const DEEPEST = 5;

/** The client hides the reason in causes; those that Node itself makes may be errors of another realm. */
function* reasonsOf(error: unknown): Generator<Reason, void, void> {
  let each = error;
  for (let depth = 0; typeof each === 'object' && each !== null && depth < DEEPEST; depth++) {
    yield each;
    each = (each as Reason).cause;
  }
}

function isAuthenticationFailure(error: unknown): boolean {
  return [...reasonsOf(error)].some(({ code }) => code === 'PLT_KFK_AUTHENTICATION');
}

function messageOf(error: unknown): string {
  const texts = [...reasonsOf(error)]
    .map(({ message }) => message)
    .filter((text) => typeof text === 'string' && text !== '');
  return texts.length === 0 ? String(error) : texts.join(': ');
}
