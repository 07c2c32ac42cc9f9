import type { CacheInvalidations } from '@distributary/distribution-core';
import type { Redis } from 'ioredis';
import { connectRedis, disconnectRedis, type RedisSettings } from './redis-connection.js';

export interface RedisInvalidationsOptions extends RedisSettings {
  readonly channel: string;
  /** Of this process, so that it does not listen to itself. */
  readonly processId: string;
}

/** By Redis' publish and subscribe: at most once, so whoever relies on it keeps short times besides. */
export class RedisInvalidations implements CacheInvalidations {
  private readonly publisher: Redis;
  private readonly subscriber: Redis;
  private listeners: ((key: string | undefined) => void)[] = [];

  constructor(private readonly options: RedisInvalidationsOptions) {
    this.publisher = connectRedis(options);
    this.subscriber = connectRedis(options);
    // The first time may come late, and each connection begins anew.
    this.subscriber.on('ready', () => {
      void this.subscriber.subscribe(options.channel).then(
        () => this.tell(undefined),
        () => undefined,
      );
    });
    this.subscriber.on('message', (_channel: string, message: string) => {
      const at = message.indexOf(' ');
      if (message.slice(0, at) !== options.processId) this.tell(message.slice(at + 1));
    });
  }

  publish(key: string): void {
    this.publisher.publish(this.options.channel, `${this.options.processId} ${key}`).catch(() => undefined);
  }

  onInvalidated(listener: (key: string | undefined) => void): void {
    this.listeners.push(listener);
  }

  async close(): Promise<void> {
    this.listeners = [];
    await Promise.all([disconnectRedis(this.publisher), disconnectRedis(this.subscriber)]);
  }

  private tell(key: string | undefined): void {
    for (const listener of this.listeners) listener(key);
  }
}
