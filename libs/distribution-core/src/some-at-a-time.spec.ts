import { someAtATime } from './some-at-a-time.js';

describe('work that is done some at a time', () => {
  /** Each item ends when it is let go. */
  const begin = (items: readonly string[]) => {
    const begun: string[] = [];
    const ends = new Map<string, { readonly resolve: () => void; readonly reject: (error: Error) => void }>();
    const done = someAtATime(2, items, (item) => {
      begun.push(item);
      return new Promise((resolve, reject) => ends.set(item, { resolve, reject }));
    });
    const end = async (item: string, error?: Error) => {
      const { resolve, reject } = ends.get(item) as { resolve: () => void; reject: (error: Error) => void };
      if (error === undefined) resolve();
      else reject(error);
      await new Promise(setImmediate);
    };
    return { begun, done, end };
  };

  it('begins the next item when one has ended', async () => {
    const { begun, done, end } = begin(['a', 'b', 'c']);
    expect(begun).toEqual(['a', 'b']);
    await end('b');
    expect(begun).toEqual(['a', 'b', 'c']);
    await end('a');
    await end('c');
    await done;
  });

  it('begins nothing after a failure, and tells of it when nothing is under way', async () => {
    const { begun, done, end } = begin(['a', 'b', 'c']);
    let isOver = false;
    const over = done.catch((error: unknown) => error).finally(() => (isOver = true));
    await end('a', new Error('no'));
    expect(isOver).toBe(false);
    await end('b');
    expect(await over).toEqual(new Error('no'));
    expect(begun).toEqual(['a', 'b']);
  });
});
