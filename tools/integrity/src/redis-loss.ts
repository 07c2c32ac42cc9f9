import { playScript } from './play.js';
import type { Scenario } from './scenario.js';
import { realServers } from './stage/real-servers.js';
import type { TestedService } from './stage/tested-service.js';
import { pauseMs } from './waiting.js';

/** Redis is killed and comes back. It only helps reads: streams notice nothing, and reads are answered all the while. */
const DOWN_MS = [500, 3_000] as const;
const READ_EVERY_MS = 50;
const BACK_TRIES = 100;

export const redisLoss: Scenario = {
  name: 'redis-loss',
  about: 'Redis killed and back: reads are answered, streams notice nothing',
  brokers: ['embedded', 'kafka', 'pulsar'],
  isRotated: true,

  run: async (options) => {
    const { startRedis } = await realServers();
    const redis = await startRedis();
    const reads = new Reads();
    let returns = 0;
    try {
      return await playScript(
        {
          stage: { gateways: 1, env: { REDIS_URL: redis.url } },
          letter: 'x',
          prepare: async ({ service: { apiPath, cachedRead }, gateways: [{ origin }] }) => {
            reads.start(origin + apiPath + cachedRead);
            return { close: () => reads.stop() };
          },
          async fault({ stage, options: { random, tell } }, number) {
            const downMs = random.between(...DOWN_MS);
            tell(`fault ${number + 1}: no Redis for ${Math.round(downMs)} ms`);
            await redis.kill();
            await pauseMs(downMs);
            await redis.restart();
            if (await isUsedAgain(stage.service, stage.gateways[0].origin)) returns++;
          },
          checks: ({ size }) => [
            { what: 'reads answered', found: reads.answered, atLeast: 10 },
            { what: 'reads that failed', found: reads.failed, atMost: 0 },
            { what: 'slowest read, ms', found: Math.round(reads.slowestMs) },
            { what: 'times that Redis was used again when it was back', found: returns, atLeast: size.faults },
          ],
        },
        options,
      );
    } finally {
      await redis.stop();
    }
  },
};

async function isUsedAgain({ apiPath }: TestedService, origin: string): Promise<boolean> {
  for (let tries = 0; tries < BACK_TRIES; tries++) {
    const response = await fetch(`${origin}${apiPath}/stats/cache`);
    if (((await response.json()) as { is_available: boolean }).is_available) return true;
    await pauseMs(100);
  }
  return false;
}

/** Asks again and again for what Redis helps to answer. */
class Reads {
  private running: Promise<void> = Promise.resolve();
  private isStopping = false;
  answered = 0;
  failed = 0;
  slowestMs = 0;

  start(url: string): void {
    this.running = this.run(url);
  }

  stop(): Promise<void> {
    this.isStopping = true;
    return this.running;
  }

  private async run(url: string): Promise<void> {
    while (!this.isStopping) {
      const startedAt = performance.now();
      const status = await fetch(url).then(
        async (response) => {
          await response.arrayBuffer();
          return response.status;
        },
        () => 0,
      );
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt);
      // Before the first event there is nothing to be told.
      if (status === 200) this.answered++;
      else if (status !== 404 || this.answered > 0) this.failed++;
      await pauseMs(READ_EVERY_MS);
    }
  }
}
