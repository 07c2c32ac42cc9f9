import {
  type AckCommand,
  type Cursor,
  decodeCursor,
  encodeCursor,
  type Lane,
  type LaneName,
  type LanePosition,
  laneName,
  qualifySelection,
  qualifyTopic,
  type SessionMessage,
  type SubscribeCommand,
  unqualified,
} from '@distributary/distribution-core';

/** `topic#partition` as clients know it: their tenant is not part of the name. */
export const wireLaneName = ({ topic, partition }: Pick<Lane, 'topic' | 'partition'>): LaneName =>
  laneName({ topic: unqualified(topic), partition });

export const wirePositions = (positions: readonly LanePosition[]): readonly LanePosition[] =>
  positions.map((position) => ({ ...position, topic: unqualified(position.topic) }));

export const qualifiedPositions = (tenant: string, positions: readonly LanePosition[]): readonly LanePosition[] =>
  positions.map((position) => ({ ...position, topic: qualifyTopic(tenant, position.topic) }));

export const qualifiedCursor = (tenant: string, { catalogVersion, positions }: Cursor): Cursor => ({
  catalogVersion,
  positions: qualifiedPositions(tenant, positions),
});

/** The text of a cursor in the catalog's names as clients get it. */
export function wireCursor(text: string): string {
  const { catalogVersion, positions } = decodeCursor(text);
  return encodeCursor({ catalogVersion, positions: wirePositions(positions) });
}

/** What the core tells a session, in the words of its tenant. */
export function wireMessage(message: SessionMessage): SessionMessage {
  switch (message.type) {
    case 'subscribed': {
      const payload = message.payload as { readonly positions: readonly LanePosition[] };
      return { type: 'subscribed', payload: { ...payload, positions: wirePositions(payload.positions) } };
    }
    case 'gap': {
      const payload = message.payload as { readonly lane: string };
      return { type: 'gap', payload: { ...payload, lane: unqualified(payload.lane) } };
    }
    default:
      return message;
  }
}

/** What a client asks for, in the catalog's names. */
export function qualifiedSubscribe(tenant: string, command: SubscribeCommand): SubscribeCommand {
  const { start, durable } = command;
  return {
    ...command,
    selection: qualifySelection(tenant, command.selection),
    start: start?.at === 'cursor' ? { at: 'cursor', cursor: qualifiedCursor(tenant, start.cursor) } : start,
    ...(durable !== undefined && { durable: { ...durable, name: qualifyTopic(tenant, durable.name) } }),
  };
}

export function qualifiedAck(tenant: string, command: AckCommand): AckCommand {
  const { positions, single } = command;
  return {
    ...command,
    ...(positions !== undefined && { positions: qualifiedPositions(tenant, positions) }),
    ...(single?.at !== undefined && { single: { ...single, at: qualifiedPositions(tenant, single.at) } }),
  };
}
