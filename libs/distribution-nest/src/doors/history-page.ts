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

/** A page of what the principal may read, in the words of its tenant. */
export async function historyPage(
  history: History,
  principal: Principal,
  { cursor, selection, ...request }: HistoryRequest,
): Promise<HistoryPageMessage> {
  const { tenant } = principal;
  const page = await history.page({
    ...request,
    selection: effectiveSelection(principal, 'read', qualifySelection(tenant, selection)),
    ...(cursor !== undefined && { cursor: qualifiedCursor(tenant, cursor) }),
  });
  return {
    events: page.values.map((value) => JSON.parse(Buffer.from(value).toString()) as unknown),
    cursor: wireCursor(page.cursor),
    has_more: page.hasMore,
  };
}
