import { OpenedOnce } from './opened-once.js';

describe('what is opened once', () => {
  it('is opened by the first who asks, and anew after that failed', async () => {
    let isBroken = true;
    let [opened, closed] = [0, 0];
    const resource = { close: () => closed++ };
    const once = new OpenedOnce(() => {
      opened++;
      return isBroken ? Promise.reject(new Error('no memory')) : Promise.resolve(resource);
    });
    await once.close();
    expect(opened).toBe(0);
    const failing = [once.get(), once.get()];
    for (const each of failing) await expect(each).rejects.toThrow('no memory');
    await once.close();
    isBroken = false;
    expect(await Promise.all([once.get(), once.get()])).toEqual([resource, resource]);
    expect(opened).toBe(2);
    await once.close();
    expect(closed).toBe(1);
  });
});
