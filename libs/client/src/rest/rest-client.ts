import type { ErrorPayload } from '@distributary/contracts';
import { resourceUrl } from '../endpoint.js';
import { DistributaryError } from '../errors.js';
import { jsonText } from '../json-text.js';
import { type ClientClock, systemClock } from '../runtime.js';

export const DEFAULT_REQUEST_TIMEOUT_MS = 30_000;

export interface RestAccess {
  /** Any address of the service: a bare origin, or that of its stream. */
  readonly url: string;
  readonly fetch: typeof fetch;
  readonly token?: string | undefined;
  /** Aborted, the request rejects with its reason. */
  readonly signal?: AbortSignal;
  /** So long a request waits for the whole of its answer; then it rejects with `request.timeout`. Default 30 000. */
  readonly timeoutMs?: number | undefined;
  readonly clock?: ClientClock | undefined;
}

export interface RestRequest {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A JSON resource beside the stream. What is no GET follows no redirect. Rejects with the problem's code, with `connection.lost` if nobody answered, or with
 * `request.invalid` if the body is no JSON.
 */
export async function requestJson(access: RestAccess, resource: string, request: RestRequest = {}): Promise<unknown> {
  const text = await textOf(access, resource, request);
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch (cause) {
    throw new DistributaryError('protocol.violation', `${resource}: the answer is no JSON`, { cause });
  }
}

async function textOf(
  access: RestAccess,
  resource: string,
  { method = 'GET', body, headers }: RestRequest,
): Promise<string> {
  const url = resourceUrl(access.url, resource);
  const text = body === undefined ? undefined : jsonText(body, resource);
  const { signal, timeoutMs = DEFAULT_REQUEST_TIMEOUT_MS, clock = systemClock } = access;
  signal?.throwIfAborted();
  const ended = new AbortController();
  const end = () => ended.abort(signal?.reason);
  signal?.addEventListener('abort', end);
  const cancelTimer = clock.after(timeoutMs, () => {
    const said = `${url.origin} did not answer within ${timeoutMs} ms`;
    ended.abort(new DistributaryError('request.timeout', said, { retryable: true }));
  });
  try {
    const response = await access.fetch(url, {
      method,
      // Followed, a POST becomes a GET of something else, which answers as if nothing were wrong.
      redirect: method === 'GET' ? 'follow' : 'manual',
      signal: ended.signal,
      headers: {
        accept: 'application/json',
        ...(access.token === undefined ? {} : { authorization: `Bearer ${access.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
    });
    if (response.type === 'opaqueredirect' || isRedirect(response.status)) throw movedTo(url, response);
    if (!response.ok) throw await errorOfResponse(response);
    return await response.text();
  } catch (cause) {
    ended.signal.throwIfAborted();
    if (cause instanceof DistributaryError) throw cause;
    throw unreachable(url, cause);
  } finally {
    cancelTimer();
    signal?.removeEventListener('abort', end);
  }
}

const isRedirect = (status: number): boolean => status >= 300 && status < 400;

/** Browsers do not say where to. */
function movedTo(url: URL, response: Response): DistributaryError {
  const said = `${url.origin} answers with a redirect to ${response.headers.get('location') ?? 'elsewhere'}`;
  return new DistributaryError('request.invalid', said, { status: response.status });
}

/** `fetch` hides the reason in the cause; a refused connection to several addresses even twice. */
export function unreachable(url: URL, cause: unknown): DistributaryError {
  const inner = cause instanceof Error ? (cause.cause as { code?: unknown; message?: unknown } | undefined) : undefined;
  const why = [inner?.code, inner?.message, cause instanceof Error ? cause.message : undefined].find(
    (text) => typeof text === 'string' && text !== '',
  );
  return new DistributaryError('connection.lost', `${url.origin} does not answer: ${String(why ?? 'unknown')}`, {
    retryable: true,
    cause,
  });
}

/** RFC 9457 problem details, or whatever a proxy in between said. */
export async function errorOfResponse(response: Response): Promise<DistributaryError> {
  const { status } = response;
  const problem = await problemOf(response);
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const message = problem.detail ?? problem.title ?? (response.statusText || `HTTP ${status}`);
  return new DistributaryError(problem.code ?? codeOfStatus(status), message, {
    status,
    retryable: status === 408 || status === 429 || status >= 500,
    ...(Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {}),
    ...(Array.isArray(problem.errors) ? { problems: problem.errors } : {}),
  });
}

interface Problem {
  readonly code?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: NonNullable<ErrorPayload['errors']>;
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as Problem | null;
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}

function codeOfStatus(status: number): string {
  if (status === 401) return 'auth.missing';
  if (status === 403) return 'auth.forbidden';
  if (status === 404) return 'resource.not_found';
  if (status === 429) return 'quota.exceeded';
  return status >= 500 ? 'internal' : 'request.invalid';
}
