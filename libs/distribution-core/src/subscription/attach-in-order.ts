import type { Member } from '../fan-out/member.js';
import { laneName } from '../lane.js';
import type { InOrderAttachment } from './attachment.js';
import type { DurableClaim } from './durable-claim.js';
import type { SessionState } from './session-state.js';
import { type Start, StartResolution } from './start.js';
import type { SubscribeCommand } from './stream-commands.js';
import type { Selection } from './subscription.js';

/** Its position is the client's business; it ends with the session. */
export async function attachEphemeral(session: SessionState, command: SubscribeCommand): Promise<InOrderAttachment> {
  const start = command.start ?? { at: 'latest' };
  const member = await joinFeed(session, command, command.selection, start, undefined);
  return { member, claim: undefined };
}

/**
 * Joins the feed of what the principal is permitted of the selection, and tells the client where that begins, before
 * anything else of it. `replaces`: what it goes on from, with another selection.
 */
export async function joinFeed(
  { deps, outlet, principal, subscriptions }: SessionState,
  command: SubscribeCommand,
  selection: Selection & Pick<SubscribeCommand, 'output'>,
  start: Start,
  claim: DurableClaim | undefined,
  replaces?: Member,
): Promise<Member> {
  const { id } = command;
  const resolution = new StartResolution(start, deps.log);
  const isUnknown = (topic: string) => !deps.fanOut.knowsTopic(topic);
  // The client may come from a process that knows more: only what nobody knows is gone, or was never there.
  const isBehind = resolution.catalogVersion > deps.catalogVersion() || resolution.topics.some(isUnknown);
  if (isBehind || !deps.fanOut.knowsTopicOf(selection)) await deps.lookAtCatalog();
  const gone = new Set(resolution.topics.filter(isUnknown));
  const encoder = await principal.encoderOf('output' in selection ? selection.output : command.output);
  return deps.fanOut.attach({
    subscriptionId: id,
    policy: command.slowPolicy,
    keepsGuaranteed: claim !== undefined,
    credit: command.credit ?? Number.POSITIVE_INFINITY,
    maxRate: command.maxRate ?? Number.POSITIVE_INFINITY,
    selection: principal.permitted(selection),
    encoder,
    outlet,
    // What it goes on with needs no start.
    startOf: (state) =>
      replaces?.positionIn(state) === undefined ? resolution.startOf(state) : Promise.resolve('live'),
    snapshot: start.at === 'snapshot',
    otherFeeds: subscriptions.feedsBut(id),
    ...(replaces !== undefined && { replaces }),
    onAttached: (member, positions) => {
      const { feed } = member;
      const ended = resolution.ended(positions, (topic) => feed.matcher.matchesTopic(topic));
      // By the version that is told, those that have gone since are to be there: they stay in the client's cursor.
      const told = [...positions, ...ended.filter(({ topic }) => !gone.has(topic))];
      claim?.startAt(positions, ended);
      outlet.send({
        type: 'subscribed',
        payload: {
          id,
          feed: feed.id,
          catalog_version: deps.catalogVersion(),
          positions: told,
          recovered: resolution.recovered,
          ...(claim === undefined ? {} : { generation: claim.generation }),
        },
      });
      for (const { state, reason } of resolution.lost) {
        const gap = { lane: laneName(state.lane), epoch: state.lane.epoch, from: '', to: '', reason };
        outlet.send({ type: 'gap', payload: { feed: feed.id, id, ...gap } });
      }
      for (const { epoch, position, ...lane } of ended) {
        const gap = { lane: laneName(lane), epoch, from: position, to: position, reason: 'deleted' };
        outlet.send({ type: 'gap', payload: { feed: feed.id, id, ...gap } });
      }
    },
  });
}
