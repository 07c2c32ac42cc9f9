import { MAX_CURSOR_LENGTH } from '@distributary/distribution-core';

/** All else in a request's line and headers: as much as Node takes of itself. */
const REST_BYTES = 16 * 1024;

/** A stream is resumed by a cursor in `Last-Event-ID` or the query, and one of many lanes is long. */
export const MAX_HEAD_BYTES = MAX_CURSOR_LENGTH + REST_BYTES;
