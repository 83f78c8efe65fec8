// Turns the cells of the gateway benchmark into the page that people read, and holds them against the targets. Pure.
import type { LoadResult } from './load.ts';
import type { Wire } from './wire.ts';
import { hasWrk } from './wrk.ts';

export interface Cell {
  scenario: string;
  target: string;
  pid: number;
  port: number;
  connections: number;
  wire: Wire;
  results: (LoadResult & { cpuUsPerRequest: number })[];
}

export interface Measured {
  cells: readonly Cell[];
  coldStartMs: number;
  rss: { with3: number; with20: number };
  machine: string;
  rounds: number;
  seconds: number;
  missing: ReadonlyMap<string, string>;
}

/** What makes the load. */
export const generator = hasWrk ? 'wrk' : 'scripts/bench/load.ts';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

type Figure = 'requestsPerSecond' | 'p50Ms' | 'p99Ms' | 'cpuUsPerRequest';

export function report(measured: Measured): { text: string; failed: boolean } {
  const { cells, coldStartMs, rss, machine, rounds, seconds, missing } = measured;
  const figure = (scenario: string, target: string, connections: number, name: Figure) => {
    const cell = cells.find(
      (one) => one.scenario === scenario && one.target.startsWith(target) && one.connections === connections,
    );
    return cell ? median(cell.results.map((result) => result[name])) : Number.NaN;
  };
  const call = 'tools/call, 2025 era';
  const peerNames = [...new Set(cells.map(({ target }) => target))].filter((name) => /^(mcp-proxy|supergateway)/.test(name));
  const fastestPeer = Math.max(...peerNames.map((name) => figure(call, name, 16, 'requestsPerSecond')));
  const checks: [what: string, value: string, wanted: string, good: boolean][] = [];
  const check = (what: string, value: number, unit: string, isGood: (value: number) => boolean, wanted: string) =>
    checks.push([what, `${round(value)}${unit}`, wanted, isGood(value)]);
  const ratio = figure(call, 'switchyard', 16, 'requestsPerSecond') / fastestPeer;
  check('throughput at c = 16 beside the fastest npm peer', ratio, ' ×', (value) => value >= 3, '≥ 3 ×');
  check(
    'CPU per call in the gateway at c = 16',
    figure(call, 'switchyard', 16, 'cpuUsPerRequest'),
    ' µs',
    (value) => value <= 75,
    '≤ 75 µs',
  );
  const sdk = (name: Figure) => figure(call, 'SDK server', 1, name);
  check(
    'p50 at c = 1 beside the SDK server called directly',
    figure(call, 'switchyard', 1, 'p50Ms') / sdk('p50Ms'),
    ' ×',
    (value) => value <= 0.7,
    '≤ 0.7 ×',
  );
  check(
    'p99 at c = 1 beside the SDK server called directly',
    figure(call, 'switchyard', 1, 'p99Ms') / sdk('p99Ms'),
    ' ×',
    (value) => value <= 1,
    '≤ 1 ×',
  );
  check(
    'p50 of a tools/list of 501 tools at c = 1',
    figure('tools/list of 501, aggregated', 'switchyard', 1, 'p50Ms'),
    ' ms',
    (value) => value <= 1.5,
    '≤ 1.5 ms',
  );
  check('cold start to the first successful call', coldStartMs, ' ms', (value) => value <= 350, '≤ 350 ms');
  check('memory with 20 idle servers', rss.with20, ' MB', (value) => value <= 95, '≤ 95 MB');

  const scenarios = [...new Set(cells.map(({ scenario }) => scenario))];
  const tables = scenarios.map((scenario) => {
    const rows = cells
      .filter((cell) => cell.scenario === scenario)
      .map((cell) => {
        const of = (name: Figure) => median(cell.results.map((result) => result[name]));
        const errors = cell.results.reduce((sum, result) => sum + result.errors, 0);
        const base = figure(call, 'SDK server', cell.connections, 'p50Ms');
        const added = scenario.startsWith('tools/call') && cell.target !== 'node:http' ? `${round(of('p50Ms') - base)}` : '';
        return [
          cell.target,
          String(cell.connections),
          round(of('requestsPerSecond')),
          round(of('p50Ms')),
          round(of('p99Ms')),
          added,
          round(of('cpuUsPerRequest')),
          String(errors),
        ];
      });
    return `### ${scenario}\n\n${markdown(['', 'c', 'calls/s', 'p50 ms', 'p99 ms', 'p50 over SDK direct, ms', 'CPU µs/call', 'errors'], rows)}`;
  });
  const absent = [...missing].map(([name, why]) => `* ${name} could not be installed: ${why}`).join('\n');
  const text = `# Benchmarks

## Gateway

Written by \`npm run bench:gateway -- --write\`: ${rounds} interleaved rounds of ${seconds} s per cell, medians. Everything is on in the gateway: a
bearer token with rights and a rate limit, queue, breaker, timers, result limit, metrics, activity. The same hand-written stdio echo server
stands behind every gateway; the load comes from a process of its own (${generator}) over keep-alive connections. CPU is that of the measured process
alone (\`/proc/PID/stat\`). The machine: ${machine}. Absolute figures are this machine's, shared with the load and the upstream; the ratios are
what to compare.

${markdown(
  ['target', 'measured', 'wanted', ''],
  checks.map(([what, value, wanted, good]) => [what, value, wanted, good ? 'met' : 'NOT MET']),
)}

Memory with 3 idle servers: ${round(rss.with3)} MB.
${absent === '' ? '' : `\n${absent}\n`}
${tables.join('\n\n')}
`;
  return { text, failed: checks.some(([, , , good]) => !good) };
}

function round(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return value >= 100 ? String(Math.round(value)) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
