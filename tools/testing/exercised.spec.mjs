import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isWholeRun, reportExercised, SERVICES } from './exercised.mjs';

const LIST = { name: 'rest GET /topics', canServe: true, canRefuse: false };
const CREATE = { name: 'rest POST /topics', canServe: true, canRefuse: true };
const CALL = { name: 'grpc /a.B/Create', canServe: true, canRefuse: true };
const LOGS = { name: 'rest POST /v1/logs', canServe: false, canRefuse: true };
const documented = [LIST, CREATE, CALL, LOGS];

/** Two workers, whose tests did everything together. */
const everything = () => [
  { documented, served: [LIST.name, CREATE.name], refused: [CREATE.name, LOGS.name] },
  { documented, served: [CALL.name, LIST.name], refused: [CALL.name] },
];

describe('the check of what the end-to-end tests exercised', () => {
  let folder;
  beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'distributary-exercised-'))));
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  const judgeAll = (records) => {
    records.forEach((record, worker) =>
      fs.appendFileSync(path.join(folder, `${worker}.jsonl`), `${JSON.stringify(record)}\n`),
    );
    const lines = [];
    return { isWhole: reportExercised(folder, (line) => lines.push(line)), lines };
  };
  const of = (service, records) => records.map((record) => ({ service, ...record }));
  /** Of one service, where the others are exercised whole; what is said of it. */
  const judge = (records, service = SERVICES[0]) => {
    const others = SERVICES.filter((other) => other !== service).flatMap((other) => of(other, everything()));
    const { isWhole, lines } = judgeAll([...of(service, records), ...others]);
    const about = `${service}: `;
    return {
      isWhole,
      lines: lines.filter((line) => line.startsWith(about)).map((line) => line.slice(about.length)),
    };
  };

  it('is content when all workers together did everything', () => {
    expect(judge(everything())).toEqual({
      isWhole: true,
      lines: ['4 documented operations at all doors, all exercised'],
    });
  });

  it.each([0, 1])('fails for an operation that worker %i alone exercised, and names it', (worker) => {
    const records = everything();
    const [gone] = records[worker].served.splice(worker === 0 ? 1 : 0, 1);
    const { isWhole, lines } = judge(records);
    expect(isWhole).toBe(false);
    expect(lines).toEqual([
      `never exercised with success by an end-to-end test: ${gone}`,
      '4 documented operations at all doors, 1 gaps',
    ]);
  });

  it('fails for an operation that is new in the document of one worker', () => {
    const records = everything();
    records[1].documented = [...documented, { name: 'rest GET /new', canServe: true, canRefuse: false }];
    expect(judge(records).lines[0]).toMatch(/never exercised with success .*rest GET \/new/);
  });

  it('fails for input of which nothing was ever refused', () => {
    const records = everything();
    records[1].refused = [];
    const { isWhole, lines } = judge(records);
    expect(isWhole).toBe(false);
    expect(lines[0]).toBe('no end-to-end test was refused anything by: grpc /a.B/Create');
  });

  it.each(SERVICES)('is about each service by itself: what %s lacks, no other one shows', (service) => {
    const records = everything();
    records[1].refused = [];
    expect(judge(records, service)).toEqual({
      isWhole: false,
      lines: [
        'no end-to-end test was refused anything by: grpc /a.B/Create',
        '4 documented operations at all doors, 1 gaps',
      ],
    });
  });

  it.each(SERVICES)('fails when nothing was recorded of %s', (service) => {
    expect(judge([], service)).toEqual({
      isWhole: false,
      lines: ['no end-to-end test left a record of what it exercised'],
    });
  });

  it('fails when nothing was recorded at all', () => {
    expect(judgeAll([])).toEqual({
      isWhole: false,
      lines: SERVICES.map((service) => `${service}: no end-to-end test left a record of what it exercised`),
    });
    fs.rmdirSync(folder);
    expect(reportExercised(folder, () => undefined)).toBe(false);
  });

  it.each([
    [[], true],
    [['--ci', '--coverage', '--json', '--outputFile=coverage/results.json'], true],
    [['--project', 'libs/contracts'], false],
    [['apps/monitoring-e2e'], false],
    [['-t', 'refuses'], false],
    [['--config', 'jest.stack.config.mjs'], false],
    [['--shard=1/2'], false],
  ])('is made of runs of everything alone: %j %s', (args, isWhole) => {
    expect(isWholeRun(args)).toBe(isWhole);
  });
});
