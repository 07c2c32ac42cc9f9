import { Secret } from '../secret.js';
import { compileTransformation, type CompileSurroundings, type Transformed } from './compile-transformation.js';
import type { TransformationDefinition, TransformationStep } from './definition.js';

const around: CompileSurroundings = {
  tenant: 'default',
  tables: new Map([['teams', new Map([['checkout', { team: 'payments', pager: '+1' }]])]]),
  keys: new Map([['pii', new Secret('a key that nobody knows')]]),
};

const EVENT = {
  event_id: 'e1',
  timestamp: '2026-11-21T10:00:00.000Z',
  data_type: 'ALERTS',
  distribution: { topic: 'monitoring/alerts/critical', routing_key: 'checkout.alert.critical', priority: 1 },
  data: {
    service_name: 'checkout',
    current_value: 5,
    threshold: 2,
    user: { email: 'ann@example.org' },
    tags: ['a', 'b'],
  },
  metadata: { source_service: 'host_probe', severity: 'CRITICAL', attempts: 2 },
};

type Event = Readonly<Record<string, unknown>> & { readonly data: Readonly<Record<string, unknown>> };

const run = (definition: unknown, event: unknown = EVENT): Transformed =>
  compileTransformation(definition, around).apply(Buffer.from(JSON.stringify(event)));

function transformed(steps: readonly TransformationStep[], more: Partial<TransformationDefinition> = {}): Event {
  const result = run({ steps, ...more });
  if (result.kind !== 'event') throw new Error(`${result.kind}: ${result.failure.message}`);
  if (result.failure !== undefined) throw new Error(result.failure.message);
  return JSON.parse(Buffer.from(result.value).toString()) as Event;
}

const failureOf = (steps: readonly unknown[], event?: unknown) => {
  const result = run({ steps }, event);
  if (result.failure === undefined) throw new Error('did not fail');
  return result.failure;
};

const problemsOf = (definition: unknown): string[] => {
  try {
    compileTransformation(definition, around);
    return [];
  } catch (error) {
    return (error as { problems: { path: string; rule: string }[] }).problems.map(
      ({ path, rule }) => `${path}: ${rule}`,
    );
  }
};

describe('a transformation', () => {
  describe('map', () => {
    it('puts in constants, fields and values of expressions', () => {
      const { data } = transformed([
        {
          map: {
            'data.kind': { value: { level: 1 } },
            'data.service': { from: 'data.service_name' },
            'data.ratio': { cel: 'data.current_value / data.threshold' },
            'data.deep.er': { from: 'data.tags.1' },
          },
        },
      ]);
      expect(data).toMatchObject({ kind: { level: 1 }, service: 'checkout', ratio: 2.5, deep: { er: 'b' } });
    });

    it('reads all sources before it writes a target', () => {
      const { data } = transformed([
        { map: { 'data.current_value': { from: 'data.threshold' }, 'data.threshold': { from: 'data.current_value' } } },
      ]);
      expect(data).toMatchObject({ current_value: 2, threshold: 5 });
    });

    it('leaves the target alone if the field is missing, or takes the default', () => {
      const { data } = transformed([
        { map: { 'data.a': { from: 'data.none' }, 'data.b': { from: 'data.none', default: 'unknown' } } },
      ]);
      expect('a' in data).toBe(false);
      expect(data.b).toBe('unknown');
    });

    it('fails the event if a target lies in what is no object', () => {
      expect(failureOf([{ map: { 'data.service_name.x': { value: 1 } } }]).reason).toBe('expression');
    });

    it('copies, so that what was taken does not change with what it was put into', () => {
      const { data } = transformed([
        { map: { 'data.copy': { from: 'data' } } },
        { map: { 'data.again': { from: 'data' } } },
        { map: { 'data.user.email': { value: 'x' } } },
      ]);
      expect(data.copy).toEqual(EVENT.data);
      expect(data.again).toEqual({ ...EVENT.data, copy: EVENT.data });
    });
  });

  it('renames fields, and leaves missing ones alone', () => {
    const { data, metadata } = transformed([
      { rename: { 'data.current_value': 'metadata.value', 'data.none': 'data.some' } },
    ]);
    expect('current_value' in data).toBe(false);
    expect('some' in data).toBe(false);
    expect(metadata).toMatchObject({ value: 5 });
  });

  it('drops fields, also in lists and below any field', () => {
    const event = {
      ...EVENT,
      data: { items: [{ secret: 1, name: 'a' }, { secret: 2 }, 3], secret: 4, deep: [[{ secret: 5 }]] },
    };
    const one = run({ steps: [{ drop: ['data.items.*.secret', 'metadata.*'] }] }, event);
    const all = run({ steps: [{ drop: ['**.secret'] }] }, event);
    const dataOf = (result: Transformed) =>
      (JSON.parse(Buffer.from((result as { value: Uint8Array }).value).toString()) as Event).data;
    expect(dataOf(one)).toEqual({ items: [{ name: 'a' }, {}, 3], secret: 4, deep: [[{ secret: 5 }]] });
    expect(dataOf(all)).toEqual({ items: [{ name: 'a' }, {}, 3], deep: [[{}]] });
  });

  it('keeps fields, and event_id in any case', () => {
    expect(transformed([{ keep: ['data.user.*', 'metadata.severity', 'data.tags.1', 'nothing.here'] }])).toEqual({
      event_id: 'e1',
      data: { user: { email: 'ann@example.org' }, tags: ['b'] },
      metadata: { severity: 'CRITICAL' },
    });
  });

  it('keeps what both a name and "*" ask for', () => {
    expect(transformed([{ keep: ['*.severity', 'metadata.attempts', '*.user.email'] }])).toEqual({
      event_id: 'e1',
      distribution: {},
      data: { user: { email: 'ann@example.org' } },
      metadata: { severity: 'CRITICAL', attempts: 2 },
    });
  });

  it('never touches event_id, whatever a wildcard says', () => {
    expect(transformed([{ drop: ['*'] }])).toEqual({ event_id: 'e1' });
    expect(transformed([{ redact: { paths: ['**.event_id'], with: 'mask' } }])).toEqual(EVENT);
  });

  describe('redact', () => {
    it.each([
      [{ with: 'remove' }, undefined],
      [{ with: 'mask' }, '********'],
      [{ with: 'mask', keep_last: 4 }, '********.org'],
      [{ with: 'mask', keep_last: 60 }, '********'],
    ] as const)('hides by %j', (how, expected) => {
      const { data } = transformed([{ redact: { paths: ['**.email'], ...how } }]);
      expect((data.user as { email?: string }).email).toBe(expected);
    });

    it('hashes with a key: equal values stay equal, and cannot be told without the key', () => {
      const redact = { paths: ['data.user.email', 'data.user', 'data.tags.*'], with: 'hash', key: 'pii' } as const;
      const { data } = transformed([
        { map: { 'data.mail': { from: 'data.user.email' } } },
        { redact: { ...redact, paths: ['**.email', 'data.mail', 'data.tags'] } },
      ]);
      expect((data.user as { email: string }).email).toBe(data.mail);
      expect(data.mail).toMatch(/^[\w-]{43}$/);
      expect(data.tags).toMatch(/^[\w-]{43}$/);
    });
  });

  describe('enrich', () => {
    it('puts in the row of an inline table, of a named one, or the default', () => {
      const { data } = transformed([
        { enrich: { target: 'data.tier', key: { from: 'data.service_name' }, table: { checkout: 'gold' } } },
        { enrich: { target: 'data.owner', key: { cel: 'data.service_name' }, lookup: 'teams' } },
        { enrich: { target: 'data.region', key: { value: 7 }, table: { '8': 'eu' }, default: 'none' } },
      ]);
      expect(data).toMatchObject({ tier: 'gold', owner: { team: 'payments' }, region: 'none' });
    });

    it.each([[{ from: 'data.none' }], [{ from: 'data.user' }], [{ value: 'constructor' }]])(
      'fails the event without a row for %j',
      (key) => {
        expect(failureOf([{ enrich: { target: 'data.x', key, table: { a: 1 } } }]).reason).toBe('lookup');
      },
    );
  });

  it('sets attributes', () => {
    const result = run({
      steps: [{ set_attributes: { hot: { cel: 'data.current_value > 4' }, none: { from: 'data.none' } } }],
    });
    expect(result).toMatchObject({ kind: 'event', attributes: { hot: true } });
    expect(failureOf([{ set_attributes: { big: { from: 'data.user' } } }]).reason).toBe('expression');
    expect(failureOf([{ set_attributes: { long: { value: 'x'.repeat(2000) } } }]).reason).toBe('expression');
  });

  describe('an event that fails', () => {
    const steps = [{ map: { 'data.x': { cel: 'data.none' } } }];

    it.each([
      [undefined, 'drop'],
      ['drop', 'drop'],
      ['dead_letter', 'dead_letter'],
    ])('with on_error %s ends as %s', (on_error, kind) => {
      expect(run({ steps, on_error })).toMatchObject({
        kind,
        failure: { reason: 'expression', message: 'there is no field none' },
      });
    });

    it('passes as it was if it is told to', () => {
      const result = run({ steps: [{ map: { 'data.y': { value: 1 } } }, ...steps], on_error: 'pass' });
      expect(result).toMatchObject({ kind: 'event', failure: { reason: 'expression' } });
      expect(JSON.parse(Buffer.from((result as { value: Uint8Array }).value).toString())).toEqual(EVENT);
    });

    it('is one whose value is no JSON object', () => {
      const compiled = compileTransformation({ steps: [] }, around);
      for (const text of ['{', '[]', '3', '']) {
        expect(compiled.apply(Buffer.from(text))).toMatchObject({ kind: 'drop', failure: { reason: 'unreadable' } });
      }
    });
  });

  describe('a definition', () => {
    it('is refused with every problem and its path', () => {
      expect(
        problemsOf({
          steps: [
            {
              map: {
                'data.x': { cel: 'data.' },
                event_id: { value: 1 },
                'a..b': { value: 1 },
                ok: { from: 'a', cel: 'b' },
              },
            },
            { shuffle: {} },
            { drop: [], keep: [] },
            { rename: { a: '__proto__', '**.a': 'b' } },
            { redact: { paths: ['**'], with: 'blur' } },
            { redact: { paths: ['a'], with: 'hash', key: 'none', keep_last: 1 } },
            { redact: { paths: ['a'], with: 'mask', keep_last: 99, key: 'pii' } },
            { redact: 'a' },
            { enrich: { target: 'a', key: { value: 1 } } },
            { enrich: { target: 'a.constructor', key: { value: 1 }, lookup: 'none', color: 1 } },
            { enrich: 3 },
            { set_attributes: { routing_key: { value: 1 } } },
            { keep: ['**.a', 'a.**.b.**.c'] },
            7,
          ],
          on_error: 'ignore',
          format: 'xml',
          more: 1,
        }),
      ).toEqual([
        'more: is not known here',
        'on_error: must be one of drop, dead_letter, pass',
        'format: must be one of plain, cloudevents, avro',
        'steps[0].map["data.x"].cel: expected a name, found the end at line 1, column 6',
        'steps[0].map.event_id: event_id stays as it is: by it receivers recognise copies',
        'steps[0].map["a..b"]: must be names joined by "."',
        'steps[0].map.ok: must have one of value, from, cel',
        expect.stringMatching(/^steps\[1\]: must have one of map, rename/),
        expect.stringMatching(/^steps\[2\]: must have one of/),
        'steps[3].rename.a: must not name what belongs to JavaScript',
        'steps[3].rename["**.a"]: must name one field, without wildcards',
        'steps[4].redact.paths[0]: must have a name after "**"',
        'steps[4].redact.with: must be one of remove, mask, hash',
        'steps[5].redact.keep_last: goes with mask',
        'steps[5].redact.key: no key none is configured',
        'steps[6].redact.key: goes with hash',
        'steps[6].redact.keep_last: must be a whole number from 0 to 64',
        'steps[7].redact: must be an object',
        'steps[8].enrich: must have one of table, lookup',
        'steps[9].enrich.color: is not known here',
        'steps[9].enrich.target: must not name what belongs to JavaScript',
        'steps[9].enrich.lookup: there is no look-up table none',
        'steps[10].enrich: must be an object',
        'steps[11].set_attributes.routing_key: must be a word other than routing_key',
        'steps[12].keep[1]: may have one "**"',
        'steps[12].keep: must not have "**"',
        'steps[13]: must be an object',
      ]);
    });

    it('must not let pass what it is to hide', () => {
      expect(problemsOf({ steps: [{ drop: ['data.user'] }], on_error: 'pass' })).toEqual([
        'on_error: must not be pass: steps[0] hides fields',
      ]);
    });

    it.each([
      [{ steps: 'x' }, 'steps: must be a list of 1 to 32'],
      [{ steps: Array.from({ length: 33 }, () => ({ drop: ['a'] })) }, 'steps: must be a list of 1 to 32'],
      [{ steps: Array(3).fill({ validate: { schema: true } }) }, 'steps: must have at most 2 of validate'],
      [null, ': must be an object'],
      [
        { steps: [{ map: { a: { value: JSON.parse('['.repeat(100) + ']'.repeat(100)) as unknown } } }] },
        'be nested at most 64 deep',
      ],
      [{ steps: [{ map: { a: { value: Array(60_000).fill(1) } } }] }, 'must be smaller'],
      [{ steps: [{ map: { ['x'.repeat(300)]: { value: 1 } } }] }, 'must be a path of 1 to 256 characters'],
      [{ steps: [{ drop: [Array(20).fill('a').join('.')] }] }, 'must have at most 16 names'],
      [{ steps: [{ map: { a: { value: 'x'.repeat(20_000) } } }] }, 'must be JSON of at most 16384 characters'],
      [{ steps: [{ map: { a: { value: 'x'.repeat(200_000) } } }] }, 'must be at most 131072 characters'],
      [{ steps: [{ map: { a: { cel: 3 } } }] }, 'steps[0].map.a.cel: must be a text'],
      [{ steps: [{ map: { a: { value: 1, default: 2 } } }] }, 'goes with from only'],
      [{ steps: [{ map: {} }] }, 'must have 1 to 64 entries'],
      [{ steps: [{ redact: { paths: ['a'], with: 'hash' } }] }, 'must be a text of 1 to 100 characters'],
    ])('is refused as %j', (definition, problem) => {
      expect(problemsOf(definition).join('\n')).toContain(problem);
    });

    it('has a fingerprint: of what it says and of its tenant', () => {
      const fingerprint = (definition: unknown, tenant = 'default') =>
        compileTransformation(definition, { tenant }).fingerprint;
      const definition = { steps: [{ drop: ['a'] }], on_error: 'drop' };
      expect(fingerprint({ ...definition })).toBe(fingerprint(definition));
      expect(fingerprint(definition, 'other')).not.toBe(fingerprint(definition));
      expect(fingerprint({ ...definition, steps: [{ drop: ['b'] }] })).not.toBe(fingerprint(definition));
    });
  });

  describe('cloudevents', () => {
    it('wraps the data, and turns scalar metadata into extension attributes', () => {
      expect(transformed([], { format: 'cloudevents' })).toEqual({
        specversion: '1.0',
        id: 'e1',
        source: '/monitoring/host_probe',
        type: 'distributary.alerts',
        time: '2026-11-21T10:00:00.000Z',
        subject: 'checkout.alert.critical',
        topic: 'monitoring/alerts/critical',
        datacontenttype: 'application/json',
        sourceservice: 'host_probe',
        severity: 'CRITICAL',
        attempts: 2,
        data: EVENT.data,
      });
    });

    it('keeps the envelope whatever the steps leave', () => {
      expect(transformed([{ keep: ['data.threshold'] }], { format: 'cloudevents' })).toMatchObject({
        id: 'e1',
        type: 'distributary.alerts',
        data: { threshold: 2 },
      });
      expect(transformed([{ keep: ['metadata.attempts'] }], { format: 'cloudevents' })).toMatchObject({
        attempts: 2,
        data: { event_id: 'e1', metadata: { attempts: 2 } },
      });
    });

    it('makes do with events that are not whole', () => {
      const result = run(
        { steps: [], format: 'cloudevents' },
        { data: 1, metadata: { type: 'x', '§': 1, f: 1.5, source_service: '\ud800' } },
      );
      expect(JSON.parse(Buffer.from((result as { value: Uint8Array }).value).toString())).toMatchObject({
        id: '',
        source: '/unknown/%EF%BF%BD',
        type: 'distributary.event',
        data: 1,
      });
    });
  });
});
