import http from 'node:http';
import https from 'node:https';
import type { Clock } from '@distributary/distribution-core';

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly deadlineMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** Of one answer; a schema is far smaller. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** One exchange, over a connection that is kept. Rejects after its deadline, and with whatever the connection fails of. */
export function httpCall(call: HttpCall, agent: http.Agent, clock: Clock): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { request } = call.url.protocol === 'https:' ? https : http;
    const { method, headers, body } = call;
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sent = request(call.url, { method, agent, headers: { ...headers, ...length } });
    const cancel = clock.after(call.deadlineMs, () => {
      sent.destroy(new Error(`no answer within ${call.deadlineMs} ms`));
    });
    const fail = (error: Error) => {
      cancel();
      reject(error);
    };
    sent.on('error', fail);
    sent.on('response', (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes > MAX_ANSWER_BYTES) sent.destroy(new Error(`an answer of more than ${MAX_ANSWER_BYTES} bytes`));
        else parts.push(part);
      });
      response.on('error', fail);
      response.on('close', () => fail(new Error('the answer broke off')));
      response.on('end', () => {
        cancel();
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') });
      });
    });
    sent.end(body);
  });
}
