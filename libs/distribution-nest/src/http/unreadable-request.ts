import type { Socket } from 'node:net';
import { invalidRequest } from '@distributary/distribution-core';
import { mappingOf } from '../errors/error-mapping.js';
import { PROBLEM_CONTENT_TYPE, problemDetails } from '../errors/problem-details.js';
import { MAX_HEAD_BYTES } from './request-head.js';

const RULES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: `the line and headers of a request must be at most ${MAX_HEAD_BYTES / 1024} KiB together`,
  ERR_HTTP_REQUEST_TIMEOUT: 'a request must arrive in time',
};

/** What Node could not read as HTTP never becomes a request, but has an answer like any other refused one. */
export function answerUnreadable(error: Error & { readonly code?: string }, socket: Socket): void {
  // Gone already, or in the middle of another answer.
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy(error);
    return;
  }
  const refusal = invalidRequest([{ path: '', rule: RULES[error.code ?? ''] ?? 'must be HTTP/1.1' }]);
  const body = JSON.stringify(problemDetails(refusal, undefined));
  const { httpStatus, title } = mappingOf(refusal.code);
  socket.end(
    `HTTP/1.1 ${httpStatus} ${title}\r\ncontent-type: ${PROBLEM_CONTENT_TYPE}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
