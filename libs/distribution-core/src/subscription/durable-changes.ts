import { unqualified } from '../access/tenancy.js';
import { DistributionError } from '../errors/distribution-error.js';
import { attachDurable, type DurableFollower, storedCursor } from './attach-durable.js';
import { joinFeed } from './attach-in-order.js';
import type { Attached, InOrderAttachment } from './attachment.js';
import { isEqualDelivery, requireActive, selectedBy } from './durable-definition.js';
import { type ReaderReport, reportOf } from './live-readers.js';
import type { SessionState } from './session-state.js';
import type { SubscribeCommand } from './stream-commands.js';
import type { DurableSubscription } from './subscription.js';

/**
 * Keeps what a session receives in order of durable subscriptions in step with what others do to those: change what they
 * select, move their positions, pause, delete or take them over.
 */
export class DurableChanges implements DurableFollower {
  private refreshed: Promise<void> = Promise.resolve();

  constructor(private readonly session: SessionState) {}

  watch(id: string, subscriptionId: string): (() => void) | undefined {
    const { deps, subscriptions } = this.session;
    return deps.live?.add({
      subscriptionId,
      refresh: () => this.refresh(id),
      ack: (generation, positions) => subscriptions.claimOf(id).ack(generation, positions),
      report: () => this.report(id),
    });
  }

  claimLost(id: string): void {
    void this.recover(id);
  }

  private report(id: string): ReaderReport | undefined {
    const attached = this.session.subscriptions.findInOrder(id);
    return attached === undefined ? undefined : reportOf(attached.member, attached.claim);
  }

  /** What the stores say of a durable subscription may have changed. One after another. */
  private refresh(id: string): Promise<void> {
    const done = this.refreshed.then(() => this.refreshNow(id));
    this.refreshed = done.catch(() => undefined);
    return done;
  }

  private async refreshNow(id: string): Promise<void> {
    const { deps, subscriptions } = this.session;
    const attached = subscriptions.findInOrder(id);
    if (attached?.claim === undefined || attached.subscription === undefined) return;
    const { claim, subscription } = attached;
    const { subscriptionId } = subscription;
    const known = await deps.subscriptions.find(subscriptionId);
    const { generation } = await deps.cursors.standing(subscriptionId);
    // The claim may have found out by itself meanwhile, when it stored something.
    if (subscriptions.find(id) !== attached) return;
    if (known?.status === 'active' && generation === claim.generation) {
      if (!isEqualDelivery(known, subscription)) await this.moveToSelectionOf(attached, known);
      return;
    }
    if (generation === claim.generation) await claim.release();
    else claim.abandon();
    if (subscriptions.find(id) === attached) await this.recover(id);
  }

  /** Goes on where it stands, with what the subscription selects now. */
  private async moveToSelectionOf(attached: Attached<InOrderAttachment>, known: DurableSubscription): Promise<void> {
    const { deps, subscriptions } = this.session;
    const { member, claim, subscription } = attached;
    const command: SubscribeCommand = {
      ...attached.command,
      ...selectedBy(known),
      slowPolicy: known.slowPolicy === subscription?.slowPolicy ? attached.command.slowPolicy : known.slowPolicy,
    };
    const cursor = storedCursor(await deps.cursors.load(known.subscriptionId));
    const moved = await joinFeed(this.session, command, known, { at: 'cursor', cursor }, claim, member);
    if (subscriptions.find(command.id) !== attached) return deps.fanOut.detach(moved);
    subscriptions.replace({ ...attached, command, member: moved, subscription: known });
    claim?.moveTo(moved);
  }

  /**
   * The right to a durable subscription has ended. If that is because its positions were moved, it is taken up anew, in
   * another generation; else its client is told why it ends.
   */
  private async recover(id: string): Promise<void> {
    const { outlet, subscriptions } = this.session;
    const attached = subscriptions.findInOrder(id);
    if (attached === undefined) return subscriptions.drop(id);
    subscriptions.detach(attached);
    subscriptions.setPending(id);
    try {
      const { command: before, member, subscription } = attached;
      const left = { ...before, credit: member.creditLeft };
      const command = await this.commandAnew(left, subscription as DurableSubscription);
      await subscriptions.settle(command, await attachDurable(this.session, command, this));
    } catch (error) {
      subscriptions.forget(id);
      outlet.send({ type: 'error', payload: endOf(id, error) });
    }
  }

  private async commandAnew(
    command: SubscribeCommand,
    { subscriptionId }: DurableSubscription,
  ): Promise<SubscribeCommand> {
    const { subscriptions, cursors } = this.session.deps;
    const known = await subscriptions.find(subscriptionId);
    requireActive(known, unqualified(subscriptionId));
    if ((await cursors.standing(subscriptionId)).ownerId !== undefined) {
      throw new DistributionError('generation.stale', 'another session has taken the subscription over');
    }
    return { ...command, ...selectedBy(known) };
  }
}

function endOf(id: string, error: unknown) {
  if (!(error instanceof DistributionError)) return { id, code: 'internal', message: 'it has ended', retryable: false };
  const { code, message } = error;
  return { id, code: code === 'subscription.taken' ? 'generation.stale' : code, message, retryable: false };
}
