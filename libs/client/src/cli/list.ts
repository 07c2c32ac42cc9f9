import { DistributaryError } from '../errors.js';
import { requestJson } from '../rest/rest-client.js';
import { printable, type Terminal, writeLine } from './terminal.js';

type Item = Readonly<Record<string, unknown>>;

interface Page {
  readonly items: readonly Item[];
  readonly has_more?: boolean;
  readonly cursor?: string;
}

export interface ListOptions {
  readonly url: string;
  readonly json?: boolean;
}

/** Which fields a list shows, in this order, as far as its items have them; `--json` shows all. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  topics: ['name', 'data_type', 'partitions', 'retention_policy', 'enabled', 'events', 'bytes'],
  subscriptions: [
    'name',
    'subscription_id',
    'subscriber_service',
    'patterns',
    'topic_name',
    'type',
    'delivery_guarantee',
    'status',
    'lag',
  ],
};

export async function list(
  terminal: Terminal,
  resource: 'topics' | 'subscriptions',
  options: ListOptions,
): Promise<void> {
  const items: Item[] = [];
  for await (const page of pages(terminal, resource, options.url)) {
    if (terminal.outputClosed.aborted) return;
    if (options.json === true) for (const item of page.items) await writeLine(terminal, JSON.stringify(item));
    else items.push(...page.items);
  }
  if (options.json === true) return;
  if (items.length === 0) return writeLine(terminal, `no ${resource}`);
  for (const line of table(items, COLUMNS[resource], terminal)) await writeLine(terminal, line);
}

async function* pages(terminal: Terminal, resource: string, url: string): AsyncGenerator<Page> {
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? '' : `?${new URLSearchParams({ cursor }).toString()}`;
    const page = (await requestJson(
      { url, fetch, token: terminal.token, signal: terminal.stop },
      `${resource}${query}`,
    )) as Page | undefined;
    if (!Array.isArray(page?.items)) throw new DistributaryError('protocol.violation', `${resource}: not a list`);
    yield page;
    // A page that claims more without saying from where would be asked for again for ever.
    cursor = page.has_more === true && page.cursor !== cursor ? page.cursor : undefined;
  } while (cursor !== undefined);
}

function table(items: readonly Item[], preferred: readonly string[], { colors }: Terminal): string[] {
  const columns = preferred.filter((column) => items.some((item) => item[column] !== undefined));
  const rows = items.map((item) => columns.map((column) => cell(item[column])));
  const widths = columns.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index].length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((text, index) => text.padEnd(widths[index]))
      .join('  ')
      .trimEnd();
  return [colors.bold(line(columns)), ...rows.map(line)];
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return '-';
  if (Array.isArray(value)) return value.map(cell).join(',');
  return printable(typeof value === 'object' ? JSON.stringify(value) : String(value));
}
