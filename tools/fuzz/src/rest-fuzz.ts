import { AnswerCheck, type OpenApiDocument } from '@distributary/monitoring-e2e';
import fc from 'fast-check';
import { type FuzzReport, type FuzzTarget, Observations } from './fuzz-target.js';
import { type JsonSchema, valuesOf } from './json-arbitrary.js';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: JsonSchema;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> };
}

interface Case {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

type Values = Readonly<Record<string, unknown>>;

const TIMEOUT_MS = 20_000;

/** `perOperation` requests of each operation of the service's own document: no 5xx, no answer outside of it. */
export async function fuzzRest(target: FuzzTarget, perOperation: number, seed: number): Promise<FuzzReport> {
  const document = (await (await fetch(`${target.httpUrl}/api/openapi.json`)).json()) as OpenApiDocument & JsonSchema;
  const check = new AnswerCheck(document);
  const seen = new Observations('REST');
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const cases = fc.sample(casesOf(method, path, operation as Operation, document), { numRuns: perOperation, seed });
      for (const one of cases) await tryOne(target, one, check, seen);
    }
  }
  return seen.report();
}

function casesOf(method: string, path: string, operation: Operation, document: JsonSchema): fc.Arbitrary<Case> {
  const parameters = operation.parameters ?? [];
  const of = (where: Parameter['in']) => {
    const these = parameters.filter((parameter) => parameter.in === where);
    const model = Object.fromEntries(these.map(({ name, schema }) => [name, valuesOf(schema, document)]));
    const requiredKeys = these.filter(({ required }) => required === true).map(({ name }) => name);
    return fc.record(model, { requiredKeys });
  };
  return fc
    .record({ inPath: of('path'), inQuery: of('query'), inHeader: of('header'), body: bodiesOf(operation, document) })
    .map(({ inPath, inQuery, inHeader, body }) => ({
      method: method.toUpperCase(),
      path: filled(path, inPath as Values) + queryOf(inQuery as Values),
      headers: { ...headersOf(inHeader as Values), ...(body === undefined ? {} : { 'content-type': body.type }) },
      body: body?.text,
    }));
}

function bodiesOf({ requestBody }: Operation, document: JsonSchema) {
  if (requestBody === undefined) return fc.constant(undefined);
  const perType = Object.entries(requestBody.content).map(([type, { schema }]) => {
    if (!type.includes('json')) return fc.uint8Array({ maxLength: 200 }).map((text) => ({ type, text }));
    const whole = valuesOf(schema, document).map((value) => JSON.stringify(value ?? null));
    const cut = fc
      .tuple(whole, fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([text, at]) => text.slice(0, text.length * at));
    return fc
      .oneof({ weight: 8, arbitrary: whole }, { weight: 1, arbitrary: cut })
      .map((text) => ({ type, text: text as string | Uint8Array }));
  });
  return fc.oneof(...perType) as fc.Arbitrary<{ readonly type: string; readonly text: string | Uint8Array }>;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Lone surrogates have no UTF-8, so no URL can hold them; empty parts would be another route. */
function encoded(value: unknown): string {
  const text = Buffer.from(textOf(value)).toString().slice(0, 2_000);
  return text === '' || text === '.' || text === '..' ? 'x' : encodeURIComponent(text);
}

const filled = (path: string, values: Values): string =>
  path.replace(/\{([^}]+)\}/g, (_whole, name: string) => encoded(values[name]));

function queryOf(values: Values): string {
  const parts = Object.entries(values).map(([name, value]) => `${encodeURIComponent(name)}=${encoded(value)}`);
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

/** What HTTP has no way to write is left out. */
function headersOf(values: Values): Record<string, string> {
  const texts = Object.entries(values).map(([name, value]) => [name, textOf(value).slice(0, 2_000)]);
  return Object.fromEntries(texts.filter(([, text]) => /^[\x20-\x7e]*$/.test(text))) as Record<string, string>;
}

async function tryOne(target: FuzzTarget, one: Case, check: AnswerCheck, seen: Observations): Promise<void> {
  const { method, path, headers, body } = one;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(new Error('no answer in time')), TIMEOUT_MS);
  try {
    const response = await fetch(target.httpUrl + path, {
      method,
      headers,
      body: body as RequestInit['body'],
      signal: stop.signal,
    });
    const contentType = response.headers.get('content-type');
    seen.count(response.status);
    if (contentType?.startsWith('text/event-stream') === true) return;
    const text = await response.text();
    const isJson = contentType?.includes('json') === true;
    const answer: unknown = isJson ? JSON.parse(text) : text;
    // A store that is not there yet says so with 503, which is no fault of the input.
    if (response.status === 500) seen.find(`${method} ${path.split('?', 1)[0]} answered 500`, one);
    const problem = check.problemOf({ method, path, status: response.status, contentType, body: answer });
    if (problem !== undefined) seen.find(problem.slice(0, 600), one);
  } catch (error) {
    seen.count('failed');
    seen.find(`no answer: ${String((error as Error).cause ?? error)}`, one);
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}
