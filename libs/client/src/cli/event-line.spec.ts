import pc from 'picocolors';
import { eventLine } from './event-line.js';

const plain = pc.createColors(false);
const text = (event: Readonly<Record<string, unknown>>, columns?: number) => eventLine(event, 'a/b#0', plain, columns);

describe('the line of an event', () => {
  it.each([
    [{}, /^--:--:--\.--- - +a\/b +- +\{\}$/],
    [{ timestamp: 'soon', data: { message: 'down' }, metadata: { severity: 'warn' } }, /warn +a\/b +- +down$/],
    [{ data: { severity: 'INFO', metric_name: 'cpu', unit: '%' } }, /INFO .* cpu=\?%$/],
    [{ data: { metric_name: 'cpu', current_value: 1, threshold: {} } }, /cpu=1 \(threshold \?\)$/],
    [{ data: { service_name: 's', state: 'up' } }, /s up$/],
    [{ data: { price: 150.25, volume: 1000, currency: 'USD' } }, /- +150\.25 × 1000 USD$/],
    [{ data: { price: '1.5' }, metadata: { synthetic: true, late: true } }, /- +1\.5 \(synthetic\) \(late\)$/],
    [{ data: { bid_price: 1, bid_size: 2, ask_price: 3, ask_size: 4 } }, /- +1 × 2 \| 3 × 4$/],
    [{ data: { ask_price: 3 } }, /- +- \| 3$/],
    [{ data: { interval: '1m', open: 1, high: 4, low: 0.5, close: 2, volume: 9 } }, /- +1m 1 4 0\.5 2 × 9$/],
    [{ distribution: { topic: 't' }, routing: { routing_key: 'k' }, data: { title: 'x' } }, / t +k +x$/],
    [{ data: [1, 2] }, /\[1,2\]$/],
    [{ routing: { topic: 't', routing_key: 'k' }, data: { title: 'x' } }, / t +k +x$/],
  ])('of %j matches %p', (event, expected) => {
    expect(text(event)).toMatch(expected);
  });

  it('fits the screen', () => {
    const line = text({ data: { message: 'x'.repeat(500) } }, 120);
    expect(line).toHaveLength(120);
    expect(line.endsWith('…')).toBe(true);
    expect(text({ data: { message: 'short' } }, 120)).toContain('short');
  });

  it('takes no commands for the screen from an event', () => {
    expect(text({ data: { message: 'a\u001b[2Jb\nc' } })).toMatch(/a \[2Jb c$/);
  });

  it.each(['CRITICAL', 'WARNING', 'INFO', 'OTHER'])('paints %p', (severity) => {
    const colors = pc.createColors(true);
    expect(eventLine({ metadata: { severity } }, 'a#0', colors)).toContain('\u001b[');
  });
});
