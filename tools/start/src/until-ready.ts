import { get } from 'node:http';

const PAUSE_MS = 100;

/** Asks until the answer is 200. False after the deadline, or once there is nobody left to ask. */
export async function untilReady(url: string, deadlineMs: number, isGone: () => boolean): Promise<boolean> {
  const endMs = performance.now() + deadlineMs;
  while (performance.now() < endMs && !isGone()) {
    if ((await statusOf(url)) === 200) return true;
    await new Promise((resolve) => {
      setTimeout(resolve, PAUSE_MS);
    });
  }
  return false;
}

function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = get(url, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('error', () => resolve(undefined));
  });
}
