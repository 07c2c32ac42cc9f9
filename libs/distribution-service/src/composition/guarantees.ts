import {
  type CompetingSource,
  CompetingSubscriptions,
  DeadLetters,
  DEFAULT_STREAM_SESSION_LIMITS,
  type DeliveryOutcomes,
  type DurableLimits,
  type FanOut,
  Handovers,
  Replays,
  ReplaySignals,
  type LiveReaders,
  type Log,
  parseRetentionPolicy,
  type TopicDirectory,
} from '@distributary/distribution-core';
import { adminArea, DeadLettersController, DeadLettersGrpc, DeadLettersService } from '@distributary/distribution-nest';
import type { DynamicModule } from '@nestjs/common';
import type { Surroundings } from './parts.js';
import type { Storage } from './storage.js';

/** What keeps the promises of durable subscriptions. */
export interface Guarantees {
  readonly competing: CompetingSubscriptions;
  readonly handovers: Handovers;
  readonly replays: Replays;
  readonly letters: DeadLetters;
  /** Who is told what becomes of single deliveries: nobody, until a feature says so. */
  readonly outcomes: DeliveryOutcomes;
  readonly limits: DurableLimits;
  /** How long dead letters are kept. */
  readonly letterRetentionMs: number;
  /** The dead letters, over REST and gRPC. */
  readonly area: DynamicModule;
  /** What was acknowledged is stored; to be called when no session is open any more. */
  close(): Promise<void>;
}

export interface GuaranteeParts {
  readonly log: Log;
  readonly storage: Storage;
  readonly directory: TopicDirectory;
  readonly fanOut: FanOut;
  /** Where the broker spreads the events of shared subscriptions over processes by itself. */
  readonly competing: CompetingSource | undefined;
  readonly live: LiveReaders;
}

export function createGuarantees(
  { config, clock, ids, metrics, domain }: Surroundings,
  parts: GuaranteeParts,
): Guarantees {
  const { log, storage, directory, fanOut, live, competing: source } = parts;
  const limits: DurableLimits = {
    ownershipTermMs: config.OWNERSHIP_TERM_MS,
    ackFlushMs: DEFAULT_STREAM_SESSION_LIMITS.ackFlushMs,
    ackTimeoutMs: config.ACK_TIMEOUT_MS,
  };
  const store = storage.deadLetters;
  const signals = new ReplaySignals(store, clock);
  const outcomes: DeliveryOutcomes = { observer: undefined };
  const letters = new DeadLetters({
    store,
    log,
    directory,
    signals,
    service: domain.name,
    retentionPolicy: domain.topics.deadLetterRetention,
    clock,
    ids,
    metrics,
    outcomes,
  });
  const replays = new Replays({ letters, store, signals, log, clock });
  const competing = new CompetingSubscriptions({
    log,
    cursors: storage.cursors,
    clock,
    ids,
    metrics,
    limits: { ...limits, dedupeWindowMs: fanOut.limits.dedupeWindowMs },
    replays,
    ...(source !== undefined && { spreading: { source, subscriptions: storage.subscriptions, live } }),
    outcomes,
  });
  directory.onChange((topics) => fanOut.setTopics(topics));
  directory.onChange((topics) => competing.setTopics(topics));
  signals.start();
  const area = adminArea(
    'DeadLetters',
    [DeadLettersController, DeadLettersGrpc],
    [[DeadLettersService, new DeadLettersService(letters)]],
  );
  return {
    competing,
    limits,
    letterRetentionMs: parseRetentionPolicy(domain.topics.deadLetterRetention).ms,
    handovers: new Handovers(),
    replays,
    letters,
    outcomes,
    area,
    close: async () => {
      signals.stop();
      await competing.close();
    },
  };
}
