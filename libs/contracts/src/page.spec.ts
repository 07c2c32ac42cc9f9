import { pageOf, pageQuerySchema } from './page.js';

describe('a page of a list', () => {
  const all = ['c', 'a', 'b'];
  const name = (item: string) => item;

  it('gives the first items by name and where to go on', () => {
    expect(pageOf(all, name, { limit: 2 })).toEqual({ items: ['a', 'b'], has_more: true, cursor: 'b' });
  });

  it('goes on after the cursor and ends without one', () => {
    expect(pageOf(all, name, { limit: 2, cursor: 'b' })).toEqual({ items: ['c'], has_more: false });
  });

  it('takes its limit from a query, within bounds', () => {
    expect(pageQuerySchema.parse({ limit: '7' }).limit).toBe(7);
    expect(pageQuerySchema.safeParse({ limit: '501' }).success).toBe(false);
  });
});
