import type { Start } from '@distributary/distribution-core';
import type { WireMessage } from './connection.js';
import { SimulatedClient, type SimulatedEvent, SUBSCRIPTION_ID } from './simulated-client.js';

const EFFECT_MS = [1, 400] as const;

/** One of the clients that share a subscription: acknowledges event by event, some time after it got them. */
export class SharingClient extends SimulatedClient {
  private held: string[] = [];
  private connection = 0;

  refuse(): void {
    const eventIds = this.held.splice(0, 2);
    if (eventIds.length === 0) return;
    const { generation } = this;
    this.command(({ session }) => session.nack({ id: SUBSCRIPTION_ID, generation, single: { eventIds } }));
  }

  protected startOf(): Start {
    return { at: 'earliest' };
  }

  protected subscribed(): void {
    this.held = [];
  }

  protected frame(_type: string, payload: WireMessage['payload']): void {
    const events = payload.events as readonly SimulatedEvent[];
    this.took(events);
    const ids = events.map(({ event_id: id }) => id);
    this.held.push(...ids);
    const { connection, generation } = this;
    this.around.time.after(this.around.random.between(...EFFECT_MS), () => {
      if (this.connection !== connection) return;
      const eventIds = ids.filter((id) => this.held.includes(id));
      this.held = this.held.filter((id) => !eventIds.includes(id));
      if (eventIds.length === 0) return;
      this.command(({ session }) => session.ack({ id: SUBSCRIPTION_ID, generation, single: { eventIds } }));
    });
  }

  protected disconnected(): void {
    this.connection++;
    this.held = [];
  }

  protected forget(): void {
    this.held = [];
  }
}
