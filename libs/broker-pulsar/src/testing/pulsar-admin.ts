import { WebSocket } from 'ws';

/** Of a request that makes a topic together with its properties. */
const WITH_PROPERTIES = 'application/vnd.partitioned-topic-metadata+json';

interface ForeignMessage {
  readonly key?: string;
  readonly payload: string;
}

/** What others than the log do to a Pulsar: its administrators, and programs that write to their own topics. */
export class PulsarFromOutside {
  /** `space`: `tenant/namespace`. */
  constructor(
    private readonly url: string,
    private readonly space: string,
  ) {}

  createTopic(name: string, partitions: number, properties: Readonly<Record<string, string>> = {}): Promise<void> {
    return this.ask('PUT', `${name}/partitions`, { partitions, properties }, WITH_PROPERTIES);
  }

  deleteTopic(name: string): Promise<void> {
    return this.ask('DELETE', `${name}/partitions?force=true`);
  }

  keepFor(name: string, minutes: number): Promise<void> {
    return this.ask('POST', `${name}/retention`, { retentionTimeInMinutes: minutes, retentionSizeInMB: -1 });
  }

  /** Readers of the topic are not given what is older. */
  giveFor(name: string, seconds: number): Promise<void> {
    return this.ask('POST', `${name}/messageTTL?messageTTL=${seconds}`);
  }

  /** What was said of this one topic, whatever its namespace says; empty: nothing. */
  async policyOf(name: string, policy: string): Promise<string> {
    return (await fetch(this.place(`${name}/${policy}`))).text();
  }

  /** Repeats are stored from then on. */
  async stopDeduplicating(name: string, partition: number): Promise<void> {
    await this.ask('POST', `${name}/deduplicationEnabled`, false);
    const endMs = performance.now() + 30_000;
    for (;;) {
      const stats = await fetch(this.place(`${name}-partition-${partition}/stats`));
      const { deduplicationStatus } = (await stats.json()) as { readonly deduplicationStatus: string };
      if (deduplicationStatus === 'Disabled') return;
      if (performance.now() > endMs) throw new Error(`${name} is deduplicated still: ${deduplicationStatus}`);
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
  }

  /** The topic is served anew, with a new ledger. */
  unload(name: string, partition: number): Promise<void> {
    return this.ask('PUT', `${name}-partition-${partition}/unload`);
  }

  /** Everything that is there was acknowledged. `subscription`: as Pulsar calls it. */
  async isDone(name: string, partition: number, subscription: string): Promise<boolean> {
    const stats = await fetch(this.place(`${name}-partition-${partition}/internalStats`));
    const { lastConfirmedEntry, cursors } = (await stats.json()) as {
      readonly lastConfirmedEntry: string;
      readonly cursors: Readonly<Record<string, { readonly markDeletePosition: string } | undefined>>;
    };
    return cursors[subscription]?.markDeletePosition === lastConfirmedEntry;
  }

  /** What retention does sooner or later: everything goes that was there before `append` adds to the lane. */
  async expire(name: string, partition: number, append: () => Promise<unknown>): Promise<void> {
    const ledgers = async () => {
      const stats = await fetch(this.place(`${name}-partition-${partition}/internalStats`));
      const answer = (await stats.json()) as { readonly ledgers: readonly { readonly ledgerId: number }[] };
      return answer.ledgers.map(({ ledgerId }) => ledgerId);
    };
    const [first] = await ledgers();
    await this.ask('POST', `${name}/retention`, { retentionTimeInMinutes: 0, retentionSizeInMB: 0 });
    await this.unload(name, partition);
    await append();
    const endMs = performance.now() + 30_000;
    while ((await ledgers())[0] === first) {
      if (performance.now() > endMs) throw new Error(`ledger ${first} of ${name} stays`);
      // It may be refused while the topic is taken up again.
      await this.ask('POST', `${name}-partition-${partition}/trim`).catch(() => undefined);
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
    }
    await this.ask('POST', `${name}/retention`, { retentionTimeInMinutes: -1, retentionSizeInMB: -1 });
  }

  send(name: string, partition: number, ...messages: readonly ForeignMessage[]): Promise<void> {
    return this.produce(`${name}-partition-${partition}`, messages);
  }

  /** Packed into one entry, as producers of Pulsar's own clients do by default. */
  sendPacked(name: string, partition: number, ...messages: readonly ForeignMessage[]): Promise<void> {
    const query = `batchingEnabled=true&batchingMaxMessages=${messages.length}&batchingMaxPublishDelay=10000`;
    return this.produce(`${name}-partition-${partition}?${query}`, messages);
  }

  private async produce(place: string, messages: readonly ForeignMessage[]): Promise<void> {
    const path = `/ws/v2/producer/persistent/${this.space}/${place}`;
    const socket = new WebSocket(new URL(path, this.url.replace(/^http/, 'ws')));
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    let answered = 0;
    const all = new Promise<void>((resolve) => {
      socket.on('message', () => ++answered === messages.length && resolve());
    });
    for (const { key, payload } of messages) {
      socket.send(JSON.stringify({ key, payload: Buffer.from(payload).toString('base64') }));
    }
    await all;
    socket.terminate();
  }

  private place(path: string): string {
    return `${this.url}/admin/v2/persistent/${this.space}/${path}`;
  }

  private async ask(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<void> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const response = await fetch(this.place(path), {
      method,
      body: text,
      headers: { 'content-type': contentType },
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  }
}
