import { Redis } from 'ioredis';

export interface RedisSettings {
  readonly url: string;
  readonly commandTimeoutMs: number;
}

const CONNECT_TIMEOUT_MS = 1_000;
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 2_000;

/**
 * A connection that never makes anybody wait: without a server, commands fail at once instead of being queued, and
 * it goes on trying to come back, with growing pauses. Errors are for those whose command failed; the events of the client
 * tell nothing more.
 */
export function connectRedis({ url, commandTimeoutMs }: RedisSettings): Redis {
  const redis = new Redis(url, {
    commandTimeout: commandTimeoutMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // Its timer runs on after the end of a connection that was gone already, and keeps the process alive.
    disconnectTimeout: commandTimeoutMs,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // Its own command after a reconnection is nobody's to catch: one that failed would end the process.
    autoResubscribe: false,
    retryStrategy: (attempt) => Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt, 10)),
  });
  // Without a listener, the client writes each failed attempt to the console.
  redis.on('error', () => undefined);
  return redis;
}

/** Ends it without waiting for what is under way. */
export function disconnectRedis(redis: Redis): Promise<void> {
  // Between two attempts there is no socket whose end it could tell of: it just makes no further attempt.
  if (redis.status === 'reconnecting') redis.disconnect();
  if (redis.status === 'end' || redis.status === 'reconnecting') return Promise.resolve();
  return new Promise((resolve) => {
    redis.once('end', () => resolve());
    redis.disconnect();
  });
}
