import type { Principal } from '../access/principal.js';
import { DistributionError } from '../errors/distribution-error.js';
import type { FrameEncoder, Outlet } from '../fan-out/outlet.js';
import type { LanePosition } from '../position.js';
import type { SubscriptionOutput } from '../transformation/definition.js';
import type { OutputTransformation } from '../transformation/transformations.js';
import { attachDurable } from './attach-durable.js';
import { attachEphemeral } from './attach-in-order.js';
import { DurableChanges } from './durable-changes.js';
import { asStored } from './durable-definition.js';
import { checkDurable, isCompeting } from './durable-rules.js';
import { changePrincipal } from './principal-change.js';
import { SessionPrincipal } from './session-principal.js';
import type { SessionState } from './session-state.js';
import { SessionSubscriptions } from './session-subscriptions.js';
import { onlyCumulative } from './single-ack.js';
import type { AckCommand, SubscribeCommand } from './stream-commands.js';
import type { StreamSessionDependencies } from './stream-session-dependencies.js';

/**
 * One client connection on any transport: its subscriptions and what it asks of them. Answers go through the outlet.
 * Commands of one session may overlap; those of one subscription are refused while it is being made, but for credit.
 */
export class StreamSession {
  private readonly subscriptions: SessionSubscriptions;
  private readonly present: SessionPrincipal;
  private readonly state: SessionState;
  /** Most sessions have no durable subscription. */
  private changes: DurableChanges | undefined;

  constructor(
    private readonly deps: StreamSessionDependencies,
    /** Whose session it is, to begin with. */
    principal: Principal,
    private readonly outlet: Outlet,
    encoder: FrameEncoder,
  ) {
    this.subscriptions = new SessionSubscriptions(deps.fanOut);
    this.present = new SessionPrincipal(principal, encoder, deps.transformations);
    this.state = { deps, outlet, principal: this.present, subscriptions: this.subscriptions };
    outlet.onRoom = () => this.subscriptions.serve();
  }

  get subscriptionCount(): number {
    return this.subscriptions.size;
  }

  get principal(): Principal {
    return this.present.current;
  }

  /**
   * The same caller with a new token. What it changes is told no more by the old permission from this moment on:
   * ephemeral subscriptions go on from where they are with what is permitted now (`subscribed` comes again); those of
   * which nothing is permitted, and durable ones, end with an error, and their client may subscribe again.
   */
  changePrincipal(principal: Principal): Promise<void> {
    return changePrincipal(this.state, principal, (command) => this.subscribe(command));
  }

  /** Undefined: events go out as they are. Failure: as of {@link Transformations.outputOf}. */
  outputOf(output: SubscriptionOutput | undefined): Promise<OutputTransformation | undefined> {
    return this.present.outputOf(output);
  }

  async subscribe(asked: SubscribeCommand): Promise<void> {
    this.check(asked);
    this.subscriptions.setPending(asked.id);
    try {
      const command = await asStored(this.deps.subscriptions, asked);
      // Before anything is stored: what is refused, or cannot be made of events, must not become a durable subscription.
      if (command.durable !== undefined && isCompeting(command.durable.type)) {
        this.present.requireWhole(command.selection);
      } else this.present.permitted(command.selection);
      await this.present.encoderOf(command.output);
      const attachment =
        command.durable === undefined
          ? await attachEphemeral(this.state, command)
          : await attachDurable(this.state, command, (this.changes ??= new DurableChanges(this.state)));
      await this.subscriptions.settle(command, attachment);
    } catch (error) {
      this.subscriptions.forget(asked.id);
      throw error;
    }
  }

  async unsubscribe(id: string): Promise<void> {
    await this.subscriptions.end(id);
    this.outlet.send({ type: 'unsubscribed', payload: { id } });
  }

  /** Durable within a second; `generation.stale` if somebody else owns the subscription by now. */
  ack({ id, generation, positions, single }: AckCommand): void {
    const { reader } = this.subscriptions.required(id);
    if (reader !== undefined) return reader.ack(generation, single ?? {});
    const claim = this.subscriptions.claimOf(id);
    if (single !== undefined) claim.ackSingle(generation, single);
    else claim.ack(generation, cumulative(positions));
  }

  /** What comes after the positions, or the single events, are sent again. */
  nack({ id, generation, positions, single, delayMs }: AckCommand): void {
    const { reader } = this.subscriptions.required(id);
    if (reader !== undefined) return reader.nack(generation, single ?? {}, delayMs);
    const claim = this.subscriptions.claimOf(id);
    if (single !== undefined) claim.nackSingle(generation, single, delayMs);
    else claim.nack(generation, cumulative(positions), delayMs);
  }

  credit(id: string, events: number): void {
    this.subscriptions.grant(id, events);
  }

  /** Ends all subscriptions; positions that were acknowledged are stored first. */
  close(): Promise<void> {
    return this.subscriptions.close();
  }

  private check(command: SubscribeCommand): void {
    if (this.subscriptions.isClosed) throw new DistributionError('draining', 'the session is closed');
    if (this.subscriptions.has(command.id)) {
      throw new DistributionError('subscription.exists', `this connection has a subscription ${command.id} already`);
    }
    const { maxSubscriptions } = this.deps.limits;
    if (this.subscriptions.size >= maxSubscriptions) {
      throw new DistributionError('quota.exceeded', `a connection may have ${maxSubscriptions} subscriptions`);
    }
    const { durable, selection, slowPolicy } = command;
    if (durable === undefined) return;
    const letters = this.deps.replays?.letters.nameOf(this.principal.tenant);
    checkDurable({ ...durable, topicPatterns: selection.topicPatterns }, slowPolicy, letters);
  }
}

function cumulative(positions: readonly LanePosition[] | undefined): readonly LanePosition[] {
  if (positions !== undefined) return positions;
  throw onlyCumulative();
}
