import { TRANSFORM_CASES, transformBench } from './transform.js';

it('measures every case, and the hostile one ends at its budget', () => {
  const figures = transformBench(0.01);
  expect(figures.map((each) => each.case)).toEqual([...TRANSFORM_CASES]);
  for (const { case: name, eventsPerSecond, outcome } of figures) {
    expect(eventsPerSecond).toBeGreaterThan(0);
    expect(outcome).toBe(name === 'hostile' ? 'budget' : 'event');
  }
});
