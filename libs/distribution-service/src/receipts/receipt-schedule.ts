import { type Clock, LOCAL_PRINCIPAL, type Principal } from '@distributary/distribution-core';
import { type FailureLog, RepeatingTask, type Schedule } from '../schedules/repeating-task.js';

export interface ReceiptScheduleOptions<Receipt extends { readonly tenant: string }> {
  /** Since it was asked the last time. */
  readonly take: () => readonly Receipt[];
  /** At most {@link MAX_RECEIPTS} of one tenant, whom the principal stands for. */
  readonly publish: (receipts: readonly Receipt[], principal: Principal) => Promise<unknown>;
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly log?: FailureLog;
}

/** Of one tenant and publication; a request has at most 1,000 events. */
export const MAX_RECEIPTS = 500;

/**
 * Publishes receipts at a steady pace, each tenant's to its own topic. What the broker does not take is given up, and the
 * failure logged: the next ones say more than late ones would. The other tenants' go on.
 */
export class ReceiptSchedule<Receipt extends { readonly tenant: string }> implements Schedule {
  private readonly schedule: RepeatingTask;

  constructor(private readonly options: ReceiptScheduleOptions<Receipt>) {
    const { intervalMs, clock, log } = options;
    this.schedule = new RepeatingTask('receipts', intervalMs, clock, () => this.publish(), log);
  }

  start(): void {
    this.schedule.start();
  }

  stop(): Promise<void> {
    return this.schedule.stop();
  }

  private async publish(): Promise<void> {
    const byTenant = new Map<string, Receipt[]>();
    for (const receipt of this.options.take()) {
      const ofTenant = byTenant.get(receipt.tenant);
      if (ofTenant === undefined) byTenant.set(receipt.tenant, [receipt]);
      else ofTenant.push(receipt);
    }
    const failures: unknown[] = [];
    for (const [tenant, receipts] of byTenant) {
      await this.publishOf(tenant, receipts).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  private async publishOf(tenant: string, receipts: readonly Receipt[]): Promise<void> {
    for (let from = 0; from < receipts.length; from += MAX_RECEIPTS) {
      await this.options.publish(receipts.slice(from, from + MAX_RECEIPTS), { ...LOCAL_PRINCIPAL, tenant });
    }
  }
}
