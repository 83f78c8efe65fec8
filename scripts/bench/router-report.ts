// The requests of the router benchmark, and its page: cells turned into tables and held against the targets. Pure.
import { type HeldMemory, heldRequestKb, heldStreams } from './held-streams.ts';
import type { Job } from './load.ts';
import { generator, median } from './report.ts';

export interface RouterResult {
  /** Requests, or whole streams. */
  perSecond: number;
  /** Whole answer, or first token. */
  p50Ms: number;
  p99Ms: number;
  /** Of the measured process: per request, or per chunk of a stream. */
  cpuUs: number;
  /** HTTP chunks that carried events, per stream. */
  chunksPerStream?: number;
  errors: number;
}

export interface RouterCell {
  scenario: string;
  target: string;
  pid: number;
  isStream: boolean;
  job: Job;
  results: RouterResult[];
}

export interface RouterMeasured {
  cells: readonly RouterCell[];
  coldStartMs: number;
  decision: { p50Us: number; p99Us: number };
  idleMb: number;
  loadedMb: number;
  held: readonly HeldMemory[];
  machine: string;
  rounds: number;
  seconds: number;
  missing: ReadonlyMap<string, string>;
}

/**
 * One request at a time, with load, target and provider on one core: what is measured then is their work, and not how long a virtual
 * machine takes to wake an idle core, which falls on one target or the other by chance.
 */
export const oneCore = 'chat, one at a time, all on one core';

const question = 'Why is the sky blue? Answer in one paragraph, and name the physicist who explained it.';

export function chatRequest(model: string, stream: boolean): string {
  return JSON.stringify({
    model,
    messages: [
      { role: 'system', content: 'You are a helpful assistant.' },
      { role: 'user', content: question },
    ],
    temperature: 0.2,
    ...(stream && { stream, stream_options: { include_usage: true } }),
  });
}

export function messagesRequest(model: string, stream: boolean): string {
  return JSON.stringify({
    model,
    max_tokens: 1024,
    system: 'You are a helpful assistant.',
    messages: [{ role: 'user', content: question }],
    ...(stream && { stream }),
  });
}

/** What a coding agent sends: a long system prompt, forty tools, thirty messages. */
export function agentRequest(model: string): string {
  const tools = Array.from({ length: 40 }, (_, index) => ({
    type: 'function',
    function: {
      name: `tool_${index}`,
      description: 'Reads, writes or searches files of the project.\nPaths are relative to the "root". '.repeat(6),
      parameters: {
        type: 'object',
        properties: {
          path: { type: 'string', description: 'The path of the file, relative to the root of the project' },
          limit: { type: 'number', description: 'How many lines to read at most' },
          options: { type: 'array', items: { type: 'string', enum: ['recursive', 'hidden', 'binary'] } },
        },
        required: ['path'],
      },
    },
  }));
  const messages = [
    { role: 'system', content: 'You are a coding agent. Be careful, read before you write.\n'.repeat(350) },
    ...Array.from({ length: 30 }, (_, index) => ({
      role: index % 2 === 0 ? 'user' : 'assistant',
      content: 'const greeting = "hello";\n\tprint(greeting + \'!\');\n'.repeat(34),
    })),
    { role: 'user', content: question },
  ];
  return JSON.stringify({ model, messages, tools, tool_choice: 'auto', temperature: 0 });
}

export function report(measured: RouterMeasured): { text: string; failed: boolean } {
  const { cells, coldStartMs, decision, idleMb, loadedMb, held, machine, rounds, seconds, missing } = measured;
  const figure = (scenario: string, target: string, connections: number, name: keyof RouterResult) => {
    const cell = cells.find(
      (one) => one.scenario === scenario && one.target.startsWith(target) && one.job.connections === connections,
    );
    return cell ? median(cell.results.map((result) => result[name] ?? Number.NaN)) : Number.NaN;
  };
  const added = (scenario: string, target: string, connections: number) =>
    figure(scenario, target, connections, 'p50Ms') - figure(scenario, 'direct', connections, 'p50Ms');
  const checks: [what: string, value: string, wanted: string, verdict: string][] = [];
  const check = (what: string, value: number, unit: string, isGood: (value: number) => boolean, wanted: string) =>
    checks.push([
      what,
      `${round(value)}${unit}`,
      wanted,
      Number.isNaN(value) ? 'not measured' : isGood(value) ? 'met' : 'NOT MET',
    ]);
  const ours = 'switchyard';
  const agent = 'agent request, 113 KB';
  check(
    'throughput at c = 16 beside Portkey',
    figure('chat', ours, 16, 'perSecond') / figure('chat', 'Portkey', 16, 'perSecond'),
    ' ×',
    (value) => value >= 6,
    '≥ 6 ×',
  );
  check('CPU per request at c = 16', figure('chat', ours, 16, 'cpuUs'), ' µs', (value) => value <= 80, '≤ 80 µs');
  check('p50 added at c = 1', added('chat', ours, 1), ' ms', (value) => value <= 0.2, '≤ 0.2 ms');
  for (const [scenario, what] of [
    ['chat', 'p50 added at c = 1 beside nginx'],
    [oneCore, 'the same, all on one core'],
  ] as const)
    check(what, added(scenario, ours, 1) / added(scenario, 'nginx', 1), ' ×', (value) => value <= 2, '≤ 2 ×');
  check('agent request of 113 KB: p50 added at c = 1', added(agent, ours, 1), ' ms', (value) => value <= 0.3, '≤ 0.3 ms');
  check('agent request of 113 KB: CPU at c = 16', figure(agent, ours, 16, 'cpuUs'), ' µs', (value) => value <= 250, '≤ 250 µs');
  for (const connections of [1, 64])
    check(
      `first token at c = ${connections} behind the undici relay`,
      figure('stream', ours, connections, 'p50Ms') - figure('stream', 'undici relay', connections, 'p50Ms'),
      ' ms',
      (value) => value <= 0.5,
      '≤ 0.5 ms',
    );
  check(
    'chunks of a stream of 43 that arrive apart, c = 64',
    figure('stream', ours, 64, 'chunksPerStream'),
    '',
    (value) => value >= figure('stream', 'direct', 64, 'chunksPerStream') * 0.99,
    'as direct',
  );
  check('CPU per chunk, c = 64', figure('stream', ours, 64, 'cpuUs'), ' µs', (value) => value <= 40, '≤ 40 µs');
  check(
    'CPU per chunk when translating, c = 64',
    figure('stream, translated to Anthropic', ours, 64, 'cpuUs'),
    ' µs',
    (value) => value <= 60,
    '≤ 60 µs',
  );
  check(
    'CPU of a translated request beside the same dialect, c = 16',
    figure('chat, translated from Anthropic', ours, 16, 'cpuUs') / figure('chat', ours, 16, 'cpuUs'),
    ' ×',
    (value) => value <= 2,
    '≤ 2 ×',
  );
  check('policy and ledger per request at 1,000/s, p50', decision.p50Us, ' µs', (value) => value <= 30, '≤ 30 µs');
  check('policy and ledger per request at 1,000/s, p99', decision.p99Us, ' µs', (value) => value <= 150, '≤ 150 µs');
  check('cold start to the first successful call', coldStartMs, ' ms', (value) => value <= 250, '≤ 250 ms');
  check('memory when idle', idleMb, ' MB', (value) => value <= 90, '≤ 90 MB');
  check('memory after c = 256', loadedMb, ' MB', (value) => value <= 200, '≤ 200 MB');

  const names = [...new Set(cells.map(({ scenario }) => scenario))];
  const tables = names.map((scenario) => {
    const of = cells.filter((cell) => cell.scenario === scenario);
    const isStream = of[0]?.isStream ?? false;
    const rows = of.map((cell) => {
      const value = (name: keyof RouterResult) => median(cell.results.map((result) => result[name] ?? Number.NaN));
      const errors = cell.results.reduce((sum, result) => sum + result.errors, 0);
      const over = value('p50Ms') - figure(scenario, 'direct', cell.job.connections, 'p50Ms');
      const over99 = value('p99Ms') - figure(scenario, 'direct', cell.job.connections, 'p99Ms');
      return [
        cell.target,
        String(cell.job.connections),
        round(value('perSecond')),
        round(value('p50Ms')),
        round(value('p99Ms')),
        cell.target === 'direct' ? '' : round(over),
        cell.target === 'direct' ? '' : round(over99),
        round(value('cpuUs')),
        ...(isStream ? [round(value('chunksPerStream'))] : []),
        String(errors),
      ];
    });
    const head = isStream
      ? [
          '',
          'c',
          'streams/s',
          'first token p50 ms',
          'p99 ms',
          'p50 added',
          'p99 added',
          'CPU µs/chunk',
          'chunks/stream',
          'errors',
        ]
      : ['', 'c', 'requests/s', 'p50 ms', 'p99 ms', 'p50 added', 'p99 added', 'CPU µs/request', 'errors'];
    return `### ${scenario}\n\n${markdown(head, rows)}`;
  });
  const heldRows = held.map(({ target, beforeMb, withMb }) => [
    target,
    round(beforeMb),
    round(withMb),
    round(((withMb - beforeMb) * 1024) / heldStreams),
  ]);
  const heldHead = ['', 'MB before', 'MB with them', 'KB per stream'];
  tables.push(
    `### memory of ${heldStreams} open streams, each asked for with ${heldRequestKb} KB\n\n${markdown(heldHead, heldRows)}`,
  );
  const absent = [...missing].map(([name, why]) => `* ${name} was not measured: ${why}`).join('\n');
  const text = `# Benchmarks of the router

Written by \`npm run bench:router -- --write\`: ${rounds} interleaved rounds of ${seconds} s per cell, medians. Everything is on in the router: routes,
health, timers, metrics, the ledger. The same canned provider stands behind every target; the load comes from a process of
its own (${generator}) over keep-alive connections. CPU is that of the measured process alone (\`/proc/PID/stat\`). The machine: ${machine}. Absolute
figures are this machine's, shared with the load and the provider; the ratios are what to compare. \`bytes on Node\` and \`our HTTP alone\` are floors: a proxy that
does nothing, once without and once with HTTP.

${markdown(['target', 'measured', 'wanted', ''], checks)}
${absent === '' ? '' : `\n${absent}\n`}
${tables.join('\n\n')}
`;
  return { text, failed: checks.some(([, , , verdict]) => verdict === 'NOT MET') };
}

function round(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  return size >= 100 ? String(Math.round(value)) : size >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
