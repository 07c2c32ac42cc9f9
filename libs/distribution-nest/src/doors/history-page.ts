import {
  effectiveSelection,
  type History,
  type HistoryRequest,
  type Principal,
  qualifySelection,
} from '@distributary/distribution-core';
import { qualifiedCursor, wireCursor } from './tenant-names.js';

export interface HistoryPageMessage {
  readonly events: readonly unknown[];
  /** Of the next page. */
  readonly cursor: string;
  readonly has_more: boolean;
}

const START = Buffer.from('{"events":[');
const COMMA = Buffer.from(',');

/** A page of what the principal may read, in the words of its tenant. */
export async function historyPage(
  history: History,
  principal: Principal,
  request: HistoryRequest,
): Promise<HistoryPageMessage> {
  const { values, ...rest } = await readPage(history, principal, request);
  return { events: values.map((value) => JSON.parse(Buffer.from(value).toString()) as unknown), ...rest };
}

/** The same as JSON: events go out as they are stored. */
export async function historyPageJson(
  history: History,
  principal: Principal,
  request: HistoryRequest,
): Promise<Buffer> {
  const { values, ...rest } = await readPage(history, principal, request);
  const events = values.flatMap((value, index) => (index === 0 ? [value] : [COMMA, value]));
  // From the bracket of the events on, all but the opening brace of the rest.
  return Buffer.concat([START, ...events, Buffer.from(`],${JSON.stringify(rest).slice(1)}`)]);
}

async function readPage(history: History, principal: Principal, { cursor, selection, ...request }: HistoryRequest) {
  const { tenant } = principal;
  const page = await history.page({
    ...request,
    selection: effectiveSelection(principal, 'read', qualifySelection(tenant, selection)),
    ...(cursor !== undefined && { cursor: qualifiedCursor(tenant, cursor) }),
  });
  return { values: page.values, cursor: wireCursor(page.cursor), has_more: page.hasMore };
}
