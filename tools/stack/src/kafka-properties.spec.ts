import { kafkaProperties } from './kafka-properties.js';
import { SCRAM_USERS, secureCluster } from './kafka-security.js';

const linesOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
  );

describe('the configuration of a Kafka', () => {
  it('keeps one copy on one broker', () => {
    const node = { id: 1, port: 100 };
    const lines = linesOf(kafkaProperties({ nodes: [node] }, node, 'data'));
    expect(lines.get('default.replication.factor')).toBe('1');
    expect(lines.get('min.insync.replicas')).toBe('1');
    expect(lines.get('listeners')).toBe('PLAINTEXT://127.0.0.1:100,CONTROLLER://127.0.0.1:101');
  });

  it('keeps three copies on three brokers, of which two must be in sync, and each knows all controllers', () => {
    const nodes = [1, 2, 3].map((id) => ({ id, port: 100 + 2 * id }));
    const lines = linesOf(kafkaProperties({ nodes }, nodes[1], 'data'));
    expect(lines.get('default.replication.factor')).toBe('3');
    expect(lines.get('transaction.state.log.min.isr')).toBe('2');
    expect(lines.get('min.insync.replicas')).toBe('2');
    expect(lines.get('node.id')).toBe('2');
    expect(lines.get('controller.quorum.voters')).toBe('1@127.0.0.1:103,2@127.0.0.1:105,3@127.0.0.1:107');
  });

  it('has no door without a name or a certificate when it is secured', () => {
    const node = { id: 1, port: 100 };
    const files = { ca: 'ca.crt', server: 'server.pem' };
    const lines = linesOf(kafkaProperties(secureCluster(node, { files }), node, 'data'));
    expect(lines.get('listener.security.protocol.map')?.split(',')).toEqual([
      'CONTROLLER:SASL_PLAINTEXT',
      'SASL:SASL_PLAINTEXT',
      'TLS:SSL',
      'SASLTLS:SASL_SSL',
    ]);
    expect(lines.get('inter.broker.listener.name')).toBe('SASL');
    expect(lines.get('super.users')).toBe('User:admin');
    expect(SCRAM_USERS).toHaveLength(8);
  });
});
