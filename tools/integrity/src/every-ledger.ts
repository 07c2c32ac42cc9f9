import { LossLedger } from './loss-ledger.js';

/** What producers tell each of several ledgers: every subscription is due everything. */
export class EveryLedger extends LossLedger {
  constructor(private readonly all: readonly LossLedger[]) {
    super();
  }

  override sent(key: string, sequence: number): void {
    super.sent(key, sequence);
    for (const ledger of this.all) ledger.sent(key, sequence);
  }

  override copied(...told: Parameters<LossLedger['copied']>): void {
    for (const ledger of this.all) ledger.copied(...told);
  }

  override acknowledged(...told: Parameters<LossLedger['acknowledged']>): void {
    super.acknowledged(...told);
    for (const ledger of this.all) ledger.acknowledged(...told);
  }
}
