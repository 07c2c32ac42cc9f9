import { Handovers } from './handovers.js';

describe('those who wait for a subscription', () => {
  it('are told one after another, in the order in which they came', () => {
    const handovers = new Handovers();
    const told: string[] = [];
    const ends = ['first', 'second'].map((name) => handovers.wait('billing', () => told.push(name)));
    handovers.wait('other', () => told.push('other'));
    handovers.released('billing');
    ends[0]();
    handovers.released('billing');
    ends[1]();
    ends[1]();
    handovers.released('billing');
    expect(told).toEqual(['first', 'second']);
  });
});
