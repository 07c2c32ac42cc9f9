import { setFlagsFromString } from 'node:v8';

/**
 * For a process that serves both streams and requests, before it opens a door: what a request allocates must die young.
 *
 * V8 watches which places in the code make objects that last, and lets those places allocate in the old generation from
 * then on, for good. Streams and requests go through the same places of the framework: some thirty streams before
 * the first request, and all that any later request leaves behind is old garbage, which only a full collection finds. ADR 29.
 */
export function keepShortLivedObjectsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
