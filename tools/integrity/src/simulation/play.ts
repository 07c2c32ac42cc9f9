import type { Mutation } from './mutation.js';
import { judge } from './judge.js';
import type { Schedule, Step } from './schedule.js';
import { World } from './world.js';

export interface Outcome {
  readonly seed: number;
  /** Empty if every promise was kept. */
  readonly violations: readonly string[];
  readonly events: number;
  readonly deliveries: number;
  readonly simulatedMs: number;
}

/** After the last step everything is healed, and has this long to deliver what is due. */
const CALM_MS = 90_000;
/** What would come once too often comes soon after. */
const AFTERWARDS_MS = 3_000;

/** Plays the schedule, lets the world calm down, and judges. The same schedule has the same outcome each time. */
export async function play(schedule: Schedule, mutation?: Mutation): Promise<Outcome> {
  const world = new World(schedule, mutation);
  await world.begin();
  for (const step of schedule.steps) await take(step, world);
  await calm(world);
  const violations = await judge(world);
  for (const gateway of world.gateways) gateway?.crash();
  return {
    seed: schedule.seed,
    violations,
    events: [...world.producers.values()].reduce((sum, { acknowledged }) => sum + acknowledged, 0),
    deliveries: world.subscriptions.reduce((sum, { ledger }) => sum + ledger.judge().received, 0),
    simulatedMs: world.time.nowMs,
  };
}

async function calm(world: World): Promise<void> {
  world.gateways.forEach((gateway, index) => {
    gateway?.brokerWire.heal();
    gateway?.storeWire.heal();
    gateway?.setBrokerReachable(true);
    gateway?.resume();
    world.startGateway(index);
  });
  await world.createTopic();
  for (const client of world.clients) {
    client.setReading(true);
    client.goOnline();
  }
  const isWhole = () =>
    [...world.producers.values()].every(({ isIdle }) => isIdle) &&
    world.subscriptions.every(({ ledger }) => ledger.isComplete);
  await world.time.run(CALM_MS, isWhole);
  await world.time.run(AFTERWARDS_MS);
}

async function take(step: Step, world: World): Promise<void> {
  const { time, clients } = world;
  switch (step.kind) {
    case 'pass':
      await time.run(step.ms);
      return;
    case 'publish':
      world.producers.get(step.topic)?.publish(step.keys, step.isTwice);
      return;
    case 'publish-again': {
      const producers = [...world.producers.values()].filter(({ acknowledged }) => acknowledged > 0);
      producers[step.which % Math.max(1, producers.length)]?.publishAgain(step.which);
      return;
    }
    case 'client-cut':
      clients[step.client % clients.length].cut(step.noticedMs);
      return;
    case 'client-crash':
      clients[step.client % clients.length].crash(step.noticedMs);
      return;
    case 'client-refuses':
      clients[step.client % clients.length].refuse();
      return;
    case 'client-offline': {
      const client = clients[step.client % clients.length];
      client.goOffline(step.noticedMs);
      time.after(step.forMs, () => client.goOnline());
      return;
    }
    case 'client-stalls': {
      const client = clients[step.client % clients.length];
      client.setReading(false);
      time.after(step.forMs, () => client.setReading(true));
      return;
    }
    case 'retention-passes':
      return world.expire();
    case 'topic-anew':
      await world.deleteTopic();
      time.after(step.goneMs, () => void world.createTopic());
      return;
    default:
      return befallGateway(step, world);
  }
}

async function befallGateway(step: Extract<Step, { gateway: unknown }>, world: World): Promise<void> {
  const { time, gateways } = world;
  if (step.kind === 'stores-unreachable') {
    const all = gateways.flatMap((gateway, index) =>
      gateway !== undefined && (step.gateway === 'all' || index === step.gateway % gateways.length) ? [gateway] : [],
    );
    for (const { storeWire } of all) storeWire.isCut = true;
    time.after(step.forMs, () => {
      for (const { storeWire } of all) storeWire.isCut = false;
    });
    return;
  }
  const index = step.gateway % gateways.length;
  const gateway = gateways[index];
  if (gateway === undefined) return;
  switch (step.kind) {
    case 'append-fails':
    case 'stores-fail': {
      const wire = step.kind === 'append-fails' ? gateway.brokerWire : gateway.storeWire;
      if (step.when === 'before') wire.failsBefore += step.times;
      else wire.failsAfter += step.times;
      return;
    }
    case 'broker-slow':
      gateway.brokerWire.slowMs = step.ms;
      time.after(step.forMs, () => {
        gateway.brokerWire.slowMs = 0;
      });
      return;
    case 'broker-unreachable':
      gateway.setBrokerReachable(false);
      time.after(step.forMs, () => gateway.setBrokerReachable(true));
      return;
    case 'gateway-crash':
      gateway.crash();
      gateways[index] = undefined;
      time.after(step.forMs, () => world.startGateway(index));
      return;
    case 'gateway-drain':
      gateways[index] = undefined;
      void gateway.drain();
      time.after(step.forMs, () => world.startGateway(index));
      return;
    case 'gateway-pause':
      gateway.pause();
      time.after(step.forMs, () => gateway.resume());
      return;
    case 'clock-jump':
      world.setSkew(index, step.skewMs);
      return;
  }
}
