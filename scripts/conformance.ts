// Runs the official MCP conformance suite: directly against our fixture, then through the gateway in front of that fixture in
// every combination of era and transport, then against server-everything with and without the gateway. Prints one table and
// ends with 1 when any line is below what is wanted. `--only TEXT` keeps the targets whose name contains TEXT; `--direct`
// leaves the gateway out.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { endAll } from './conformance/children.ts';
import { type Row, table, verdict } from './conformance/report.ts';
import { type RequirementSet, type RunResult, requirementSets, runSuite } from './conformance/suite.ts';
import { directTargets, gatewayTargets, type Target } from './conformance/targets.ts';

const { values } = parseArgs({ options: { only: { type: 'string', default: '' }, direct: { type: 'boolean', default: false } } });

const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
const rows: Row[] = [];
const results = new Map<string, RunResult>();

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => finish(130));

try {
  const targets = values.direct ? directTargets : [...directTargets, ...gatewayTargets];
  const chosen = targets.filter((target) => target.name.includes(values.only));
  if (chosen.length === 0)
    throw new Error(`--only ${values.only}: no such target; there are ${targets.map((t) => t.name).join(', ')}`);
  for (const target of chosen) {
    for (const set of requirementSets) rows.push(await measure(target, set));
  }
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
console.log(`\n${table(rows)}`);
await finish(process.exitCode === 1 || rows.some((row) => !row.good) ? 1 : 0);

/** Runs one set against one target and judges it. A target that does not start is a failed line, not the end of the program. */
async function measure(target: Target, set: RequirementSet): Promise<Row> {
  const baseline = target.atLeastAs ? await resultOf(target.atLeastAs, set) : undefined;
  return verdict(target, set, await resultOf(target, set), baseline);
}

/** The result of one target on one set; each is run once, however many lines refer to it. */
async function resultOf(target: Target, set: RequirementSet): Promise<RunResult> {
  const key = `${target.name} ${set}`;
  const known = results.get(key);
  if (known) return known;
  process.stdout.write(`${key} … `);
  const result = await runSuite(() => target.start(folder), set, join(folder, key.replaceAll(/[^\w-]/g, '_')));
  results.set(key, result);
  console.log(`${result.passed.length}/${result.required.length} in ${(result.tookMs / 1000).toFixed(1)} s`);
  return result;
}

async function finish(code: number): Promise<never> {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
  process.exit(code);
}
