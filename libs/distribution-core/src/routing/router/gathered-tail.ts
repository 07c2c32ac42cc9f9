import type { EventBatch } from '../../event-batch.js';
import type { Log, TailStart } from '../../ports/log.port.js';

/**
 * A lane's tail for a reader that needs long for each answer, whatever is in it: all that came since it last asked is given
 * together, oldest first. Holds about `maxBytes`, and reads no further until they are taken. Ends, without an error, with
 * the signal; fails as the tail does, after what came before.
 */
export async function* gatheredTail(
  log: Pick<Log, 'tail'>,
  start: TailStart,
  { signal, maxBytes }: { readonly signal: AbortSignal; readonly maxBytes: number },
): AsyncGenerator<readonly EventBatch[], void, void> {
  const left = new AbortController();
  let held: EventBatch[] = [];
  let heldBytes = 0;
  let end: { readonly failure?: unknown } | undefined;
  // One waits at a time: the reader while nothing more may be held, the taker while nothing is.
  let goOn: () => void = () => undefined;
  const change = () => new Promise<void>((resolve) => (goOn = resolve));

  const read = async () => {
    const anySignal = AbortSignal.any([signal, left.signal]);
    for await (const batch of log.tail(start, { signal: anySignal, maxBatchBytes: maxBytes })) {
      held.push(batch);
      heldBytes += batch.bytesOf(0, batch.count);
      goOn();
      while (heldBytes >= maxBytes && !anySignal.aborted) await change();
    }
  };
  const reading = read()
    .then(
      () => (end = {}),
      (failure: unknown) => (end = { failure }),
    )
    .finally(() => goOn());
  const stop = () => goOn();
  signal.addEventListener('abort', stop, { once: true });

  try {
    for (;;) {
      if (held.length > 0) {
        const batches = held;
        held = [];
        heldBytes = 0;
        goOn();
        yield batches;
      } else if (end === undefined) await change();
      else if ('failure' in end) throw end.failure;
      else return;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    left.abort();
    goOn();
    await reading;
  }
}
