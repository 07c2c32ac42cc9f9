import { numberOf, numbersOf, optionsOf, wordsOf } from './command-line.js';
import { TARGETS } from './doors.js';
import { fanOut } from './fan-out.js';
import { fanOutFindings, fanOutReport } from './fan-out-report.js';
import { toldFindings } from './performance/run-findings.js';

export const FAN_OUT_USAGE = `npm run bench -- fan-out [options]

  --subscribers N      WebSocket connections (1000)
  --rate R[,R…]        deliveries per second that are offered (200000,1000000)
  --seconds S          measured seconds of each run (5)
  --pairs N            interleaved pairs with the naive twin (5)
  --producers N        connections that publish, each one batch at a time (4)
  --linger MS          how long a batch waits for more events, as a producer's linger does (0)
  --targets T[,T]      service, twin (both)
  --no-pin             do not pin the server to CPU 0 and the load to CPU 1
  --quick              one pair, 200 subscribers, 20000 deliveries/s, 2 s: to see that it works
  --json               the figures of every run as JSON on stdout`;

const QUICK = { subscribers: 200, rates: [20_000], seconds: 2, pairs: 1 };
const FULL = { subscribers: 1000, rates: [200_000, 1_000_000], seconds: 5, pairs: 5 };

/** 1 if anything of the service is missing, doubled or out of order. */
export async function fanOutCommand(args: readonly string[]): Promise<number> {
  const values = optionsOf(args, {
    subscribers: { type: 'string' },
    rate: { type: 'string' },
    seconds: { type: 'string' },
    pairs: { type: 'string' },
    targets: { type: 'string' },
    producers: { type: 'string' },
    linger: { type: 'string' },
    'no-pin': { type: 'boolean' },
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
  });
  const defaults = values.quick ? QUICK : FULL;
  const targets = values.targets === undefined ? TARGETS : wordsOf('targets', values.targets, TARGETS);
  const positive = (name: 'subscribers' | 'seconds' | 'producers' | 'pairs', otherwise: number) =>
    numberOf(name, values[name] ?? String(otherwise));
  const result = await fanOut({
    subscribers: positive('subscribers', defaults.subscribers),
    rates: values.rate === undefined ? defaults.rates : numbersOf('rate', values.rate),
    seconds: positive('seconds', defaults.seconds),
    warmUpSeconds: 1,
    producers: positive('producers', 4),
    lingerMs: numberOf('linger', values.linger ?? '0', { atLeast: 0 }),
    pairs: positive('pairs', defaults.pairs),
    pin: !values['no-pin'],
    targets,
    onRun: (target, rate, run) =>
      console.error(
        `${target} at ${rate}/s: ${Math.round(run.deliveriesPerSecond)} deliveries/s, p99 ${run.fromScheduled.p99.toFixed(2)} ms, ` +
          `${run.serverCpuSeconds.toFixed(2)} CPU s, missing ${run.missing}`,
      ),
  });
  console.log(values.json ? JSON.stringify(result, undefined, 2) : fanOutReport(result));
  return toldFindings(fanOutFindings(result));
}
