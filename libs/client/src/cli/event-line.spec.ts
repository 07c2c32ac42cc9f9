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
