import http from 'node:http';
import https from 'node:https';

export interface PostAnswer {
  readonly status: number;
  readonly body: string;
  /** What `Retry-After` says; undefined if it is not there. */
  readonly retryAfterMs?: number;
}

/** One kept-alive connection to an ingest door; one request at a time. */
export class IngestConnection {
  private readonly agent: http.Agent;

  constructor(
    private readonly port: number,
    private readonly path: string,
    private readonly isTls = false,
  ) {
    const options = { keepAlive: true, maxSockets: 1 };
    this.agent = isTls ? new https.Agent({ ...options, rejectUnauthorized: false }) : new http.Agent(options);
  }

  /** Rejects if there was no answer: what was sent may have taken effect or not. */
  post(body: string, timeoutMs = 30_000): Promise<PostAnswer> {
    return new Promise((resolve, reject) => {
      const request = (this.isTls ? https : http).request(
        {
          host: '127.0.0.1',
          port: this.port,
          path: this.path,
          method: 'POST',
          agent: this.agent,
          timeout: timeoutMs,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          const seconds = Number(response.headers['retry-after'] ?? Number.NaN);
          const retryAfterMs = Number.isNaN(seconds) ? undefined : seconds * 1000;
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text, retryAfterMs }));
          response.on('error', reject);
        },
      );
      request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      request.on('error', reject);
      request.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

export const isSuccess = (status: number): boolean => status >= 200 && status < 300;
