import { DistributionError } from '@distributary/distribution-core';
import { isKafkaError, KAFKA, kafkaError, KafkaError } from '../kafka.errors.js';
import { GroupError, type GroupTrouble } from './group-coordinator.js';

/** Codes that only groups know. */
export const GROUP_CODES = {
  inconsistentProtocol: 23,
  invalidGroupId: 24,
  invalidSessionTimeout: 26,
  groupAuthorizationFailed: 30,
  unsupportedVersion: 35,
  memberIdRequired: 79,
  groupMaxSizeReached: 81,
} as const;

const TROUBLES: ReadonlyMap<number, GroupTrouble> = new Map<number, GroupTrouble>([
  [GROUP_CODES.memberIdRequired, 'member_id_required'],
  [KAFKA.unknownMember, 'unknown_member'],
  [KAFKA.fencedInstance, 'unknown_member'],
  [KAFKA.rebalanceInProgress, 'changing'],
  // The answer to a join was lost on its way: the group counts on this member, and holds its lanes for it.
  [KAFKA.illegalGeneration, 'changing'],
  [GROUP_CODES.inconsistentProtocol, 'denied'],
  [GROUP_CODES.invalidGroupId, 'denied'],
  [GROUP_CODES.invalidSessionTimeout, 'denied'],
  [GROUP_CODES.groupAuthorizationFailed, 'denied'],
  [GROUP_CODES.unsupportedVersion, 'denied'],
  [GROUP_CODES.groupMaxSizeReached, 'denied'],
]);

/** What a coordinator's code means for a membership; whatever is not known to be final may pass. */
export function groupErrorOfCode(code: number, what: string, memberId?: string | null): GroupError {
  const { message } = kafkaError(code, what);
  return new GroupError(TROUBLES.get(code) ?? 'unreachable', message, memberId ?? undefined);
}

/** Whatever else went wrong on the way to it. */
export function groupErrorOf(error: unknown): GroupError {
  if (error instanceof GroupError) return error;
  const message = error instanceof Error ? error.message : String(error);
  // No connection, and none to be had: the login was refused.
  const isRefused = isKafkaError(error, KAFKA.networkException) && !error.isTransient;
  if (error instanceof KafkaError && TROUBLES.has(error.kafkaCode)) return groupErrorOfCode(error.kafkaCode, message);
  return new GroupError(isRefused ? 'denied' : 'unreachable', message, undefined, error);
}

export const staleGeneration = (message: string): DistributionError =>
  new DistributionError('generation.stale', message);
