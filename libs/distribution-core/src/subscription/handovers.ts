/**
 * Sessions of this process that wait for the same durable subscription, in the order in which they came: when its owner
 * gives it up, the next one asks at once. Owners in other processes are found out by asking now and then.
 */
export class Handovers {
  private readonly waiting = new Map<string, (() => void)[]>();

  /** Called back at most once. The returned function ends the waiting. */
  wait(subscriptionId: string, callback: () => void): () => void {
    const queue = this.waiting.get(subscriptionId) ?? [];
    this.waiting.set(subscriptionId, queue);
    queue.push(callback);
    return () => {
      const place = queue.indexOf(callback);
      if (place >= 0) queue.splice(place, 1);
      if (queue.length === 0) this.waiting.delete(subscriptionId);
    };
  }

  /** Nobody owns it now. */
  released(subscriptionId: string): void {
    this.waiting.get(subscriptionId)?.[0]?.();
  }
}
