// Runs the conformance program once and reads the result files it leaves behind, not its coloured text.
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { finished, startNode } from './children.ts';

export const requirementSets = ['2025-11-25', '2026-07-28'] as const;
export type RequirementSet = (typeof requirementSets)[number];

export interface RunResult {
  required: string[];
  passed: string[];
  /** Required scenarios that did not pass, each with the checks that failed. */
  failed: { scenario: string; checks: string[] }[];
  tookMs: number;
  /** Why nothing could be run, if so. */
  problem?: string;
}

const suite = dirname(fileURLToPath(import.meta.resolve('@modelcontextprotocol/conformance/package.json')));
const runTimeoutMs = 300_000;
const scenarioTimeoutMs = 20_000;

/** `start` gives the URL to test; what it throws becomes the problem of the result. `folder` receives the result files. */
export async function runSuite(start: () => Promise<string>, set: RequirementSet, folder: string): Promise<RunResult> {
  const began = Date.now();
  const required = requiredScenarios(set);
  let problem: string | undefined;
  try {
    const url = await start();
    mkdirSync(folder, { recursive: true });
    const args = ['server', '--url', url, '--requirements', set, '-o', folder, '--timeout', String(scenarioTimeoutMs)];
    await finished(startNode([join(suite, 'dist', 'index.js'), ...args]), runTimeoutMs);
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  const failed = required
    .map((scenario) => ({ scenario, checks: problem ? ['not run'] : failedChecks(folder, scenario) }))
    .filter(({ checks }) => checks.length > 0);
  const passed = required.filter((scenario) => !failed.some((each) => each.scenario === scenario));
  return { required, passed, failed, tookMs: Date.now() - began, ...(problem !== undefined && { problem }) };
}

/** The scenarios a server must pass, from the package's requirement file: the list under the top-level key `server`. */
function requiredScenarios(set: RequirementSet): string[] {
  const lines = readFileSync(join(suite, 'requirements', `${set}.yaml`), 'utf8').split('\n');
  const section = lines.slice(lines.indexOf('server:') + 1);
  const end = section.findIndex((line) => /^\w/.test(line));
  return section.slice(0, end).flatMap((line) => line.match(/^\s+- ([\w-]+)/)?.[1] ?? []);
}

interface Check {
  id: string;
  status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  errorMessage?: string;
}

/**
 * The checks that failed, each with its reason; empty: the scenario passed. Stricter than the suite itself in one point: a
 * scenario that left no result, or none that succeeded, has not passed.
 */
function failedChecks(folder: string, scenario: string): string[] {
  const named = new RegExp(`^server-${scenario}-\\d{4}-\\d\\d-\\d\\dT`);
  const found = readdirSync(folder).find((entry) => named.test(entry));
  const file = found && join(folder, found, 'checks.json');
  if (!file || !existsSync(file)) return ['no result'];
  const checks = JSON.parse(readFileSync(file, 'utf8')) as Check[];
  const failures = checks.filter((check) => check.status === 'FAILURE');
  if (failures.length > 0)
    return failures.map((check) => `${check.id} (${(check.errorMessage ?? 'no reason given').slice(0, 160)})`);
  return checks.some((check) => check.status === 'SUCCESS') ? [] : ['nothing succeeded'];
}
