import { LaneChain } from './lane-chain.js';

const lane = { topic: 'a', partition: 0, epoch: 'e', position: '11' };
const begun = () => {
  const chain = new LaneChain();
  chain.begin({ id: 's', feed: 1, catalog_version: 1, recovered: 'full', positions: [lane] });
  return chain;
};
const step = (prev: string, pos: string, epoch = 'e') => ({ lane: 'a#0', epoch, prev, pos });

describe('the chain of a lane', () => {
  it('is whole if each frame goes on where the one before ended', () => {
    const chain = begun();
    for (const one of [step('11', '14'), step('14', '14'), step('14', '210')]) chain.step(one);
    expect(chain.violations).toEqual([]);
    expect(chain.positions()).toEqual([{ ...lane, position: '210' }]);
  });

  it('is broken by a hole, a copy, and a step back', () => {
    for (const broken of [step('12', '14'), step('', '14'), step('11', '10')]) {
      const chain = begun();
      chain.step(broken);
      expect(chain.violations).toHaveLength(1);
    }
  });

  it('may jump where a gap was announced', () => {
    const chain = begun();
    chain.jump({ lane: 'a#0', epoch: 'e', to: '19' });
    chain.step(step('19', '1a'));
    expect(chain.violations).toEqual([]);
  });

  it('begins anew with another epoch', () => {
    const chain = begun();
    chain.step(step('', '10', 'f'));
    expect(chain.violations).toEqual([]);
  });
});
