import { type Clock, Duty, type DutyEvents, type IdSource, type Metrics } from '@distributary/distribution-core';
import type { Logger } from '@distributary/distribution-nest';
import type { ServiceConfig } from '../config/service.config.js';
import type { Schedule } from '../schedules/repeating-task.js';
import type { Storage } from './storage.js';

export interface DutySurroundings {
  readonly config: Pick<ServiceConfig, 'OWNERSHIP_TERM_MS'>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** What one process of the installation does at a time: by the same store and terms as the ownership of subscriptions. */
export class Duties implements Schedule {
  private readonly duties: Duty[] = [];
  private readonly ownerId: string;

  constructor(
    private readonly storage: Pick<Storage, 'cursors'>,
    private readonly around: DutySurroundings,
  ) {
    this.ownerId = around.ids.uuid();
  }

  add(name: string, events: DutyEvents = {}): Duty {
    const { config, clock, metrics, logger } = this.around;
    const told = (event: string, act?: () => void) => () => {
      logger.info(event, { duty: name });
      act?.();
    };
    const duty = new Duty(
      name,
      {
        ownership: this.storage.cursors,
        clock,
        metrics,
        ownerId: this.ownerId,
        termMs: config.OWNERSHIP_TERM_MS,
        onError: (error) => logger.warn('duty.failed', { duty: name, error }),
      },
      { ...events, onTaken: told('duty.taken', events.onTaken), onLost: told('duty.lost', events.onLost) },
    );
    this.duties.push(duty);
    return duty;
  }

  start(): void {
    for (const duty of this.duties) duty.start();
  }

  /** Gives all of them up, for others to take. */
  async stop(): Promise<void> {
    await Promise.all(this.duties.map((duty) => duty.stop()));
  }
}
