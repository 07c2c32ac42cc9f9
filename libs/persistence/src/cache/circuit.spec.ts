import { FakeClock } from '@distributary/distribution-core/testing';
import { Circuit } from './circuit.js';

describe('a circuit', () => {
  const limits = { failures: 3, openMs: 1_000, maxInFlight: 2 };
  const fail = () => Promise.reject(new Error('away'));
  const succeed = () => Promise.resolve('answer');
  const opened = async () => {
    const clock = new FakeClock();
    const circuit = new Circuit(clock, limits);
    for (let index = 0; index < 3; index++) await circuit.call(fail);
    return { clock, circuit };
  };

  it('passes answers and hides failures', async () => {
    const circuit = new Circuit(new FakeClock(), limits);
    expect(await circuit.call(succeed)).toBe('answer');
    expect(await circuit.call(fail)).toBeUndefined();
    expect(circuit.state).toBe('closed');
  });

  it('does not ask any more after some failures in a row', async () => {
    const { circuit } = await opened();
    expect(circuit.state).toBe('open');
    let asked = 0;
    await circuit.call(async () => asked++);
    expect(asked).toBe(0);
  });

  it('counts only failures in a row', async () => {
    const circuit = new Circuit(new FakeClock(), limits);
    for (const work of [fail, fail, succeed, fail, fail]) await circuit.call(work);
    expect(circuit.state).toBe('closed');
  });

  it('lets one try after a while, and closes if that goes well', async () => {
    const { clock, circuit } = await opened();
    clock.advance(1_000);
    let answer: (text: string) => void = () => undefined;
    const trying = circuit.call(() => new Promise<string>((resolve) => (answer = resolve)));
    expect(circuit.state).toBe('trying');
    expect(await circuit.call(succeed)).toBeUndefined();
    answer('back');
    expect(await trying).toBe('back');
    expect(circuit.state).toBe('closed');
  });

  it('opens again if the one who tried failed', async () => {
    const { clock, circuit } = await opened();
    clock.advance(1_000);
    await circuit.call(fail);
    expect(circuit.state).toBe('open');
    clock.advance(999);
    expect(await circuit.call(succeed)).toBeUndefined();
    clock.advance(1);
    expect(await circuit.call(succeed)).toBe('answer');
  });

  it('has no more under way than it may', async () => {
    const circuit = new Circuit(new FakeClock(), limits);
    const never = () => new Promise<string>(() => undefined);
    void circuit.call(never);
    void circuit.call(never);
    expect(await circuit.call(succeed)).toBeUndefined();
  });
});
