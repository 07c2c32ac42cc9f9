/** What arrives, as far as tests look at it. */
export interface StoredEvent {
  readonly event_id: string;
  readonly timestamp: string;
  readonly data_type: string;
  /** The routing key and the priority are those of monitoring's events. */
  readonly distribution: { readonly topic: string; readonly routing_key: string; readonly priority: number };
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export const idsOf = (events: readonly { readonly event_id: string }[]): string[] =>
  events.map((event) => event.event_id);
