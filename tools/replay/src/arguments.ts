import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Mapping, ReplayError } from './column-map.js';
import { DATA_TYPES, type DataType, TIME_UNITS, type TimeUnit } from './fields.js';

export const USAGE = `usage: npm run replay -- <file.csv|file.csv.gz|file.parquet> [options]

  --type T             what a row is: TRADE, QUOTE or BAR (TRADE)
  --speed N            times as fast as it was recorded, by the timestamp; max: as fast as it is taken (1)
  --columns F=C[,F=C]  the column of a field, where it is not called like the field: price=close,timestamp=date
  --set F=V[,F=V]      a field that every row has alike: exchange=XNAS,currency=USD
  --topic T            default: by the type and the asset class
  --source S           the feed that it claims to come from (the name of the file)
  --time-unit U        of timestamps that are whole numbers, since 1970: s, ms, us, ns (ms)
  --from-row N         begins there; the first row of data is 1 (1)
  --again              new ids: the service takes it all once more
  --url URL            the service (DISTRIBUTARY_URL, else http://127.0.0.1:7102)
  --token-file FILE    holds an API key or a JWT (or DISTRIBUTARY_TOKEN)`;

export interface ReplayOptions {
  readonly file: string;
  readonly mapping: Mapping;
  /** Infinity: as fast as it is taken. */
  readonly speed: number;
  /** Rows before it are passed over. */
  readonly fromRow: number;
  readonly isAgain: boolean;
  /** Of the stream; what is posted to lies beside it. */
  readonly url: string;
  readonly token?: string;
}

const STREAM_PATH = '/api/v1/market-data/stream';

/** Throws a {@link ReplayError} that says what is wrong. */
export function argumentsOf(args: readonly string[], env: Readonly<Record<string, string | undefined>>): ReplayOptions {
  const { values, positionals } = parsed(args);
  const [file] = positionals;
  if (positionals.length !== 1) throw new ReplayError(`one file is replayed at a time\n${USAGE}`);
  const speed = values.speed === 'max' ? Number.POSITIVE_INFINITY : Number(values.speed);
  if (!(speed > 0)) throw new ReplayError('--speed must be a number above 0, or max');
  const fromRow = Number(values['from-row']);
  if (!Number.isSafeInteger(fromRow) || fromRow < 1)
    throw new ReplayError('--from-row must be a whole number from 1 on');
  const type = oneOf('--type', values.type.toUpperCase(), DATA_TYPES);
  const timeUnit = oneOf('--time-unit', values['time-unit'], Object.keys(TIME_UNITS) as TimeUnit[]);
  const token = values['token-file'] === undefined ? env.DISTRIBUTARY_TOKEN : tokenIn(values['token-file']);
  return {
    file,
    mapping: {
      type: type satisfies DataType,
      columns: pairsOf('--columns', values.columns),
      constants: pairsOf('--set', values.set),
      ...(values.topic !== undefined && { topic: values.topic }),
      source: values.source ?? path.basename(file),
      timeUnit,
    },
    speed,
    fromRow,
    isAgain: values.again,
    url: streamUrl(values.url ?? env.DISTRIBUTARY_URL ?? 'http://127.0.0.1:7102'),
    ...(token !== undefined && token !== '' && { token }),
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        type: { type: 'string', default: 'TRADE' },
        speed: { type: 'string', default: '1' },
        columns: { type: 'string', multiple: true, default: [] },
        set: { type: 'string', multiple: true, default: [] },
        topic: { type: 'string' },
        source: { type: 'string' },
        'time-unit': { type: 'string', default: 'ms' },
        'from-row': { type: 'string', default: '1' },
        again: { type: 'boolean', default: false },
        url: { type: 'string' },
        'token-file': { type: 'string' },
      },
    });
  } catch (error) {
    throw new ReplayError(`${(error as Error).message}\n${USAGE}`);
  }
}

function oneOf<Word extends string>(option: string, word: string, words: readonly Word[]): Word {
  const found = words.find((each) => each === word);
  if (found === undefined) throw new ReplayError(`${option} must be one of ${words.join(', ')} (given: ${word})`);
  return found;
}

function pairsOf(option: string, texts: readonly string[]): Record<string, string> {
  const pairs = texts.flatMap((text) => text.split(',')).map((pair) => /^([^=]+)=(.+)$/.exec(pair.trim()) ?? pair);
  const bad = pairs.find((pair) => typeof pair === 'string');
  if (bad !== undefined)
    throw new ReplayError(`${option} must be field=… with commas between (given: ${bad as string})`);
  return Object.fromEntries(pairs.map(([, field, value]) => [field, value] as const));
}

function tokenIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new ReplayError(`${file}: ${(error as NodeJS.ErrnoException).code ?? 'cannot be read'}`);
  }
}

/** The client takes a bare origin for that of monitoring. */
function streamUrl(text: string): string {
  if (!URL.canParse(text)) throw new ReplayError(`--url: not a URL: ${text}`);
  const url = new URL(text);
  if (url.pathname === '/') url.pathname = STREAM_PATH;
  return url.href;
}
