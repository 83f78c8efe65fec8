// Judges results and lays them out.
import type { RequirementSet, RunResult } from './suite.ts';
import type { Target } from './targets.ts';

export interface Row {
  cells: string[];
  good: boolean;
  /** What went wrong, one line each. */
  remarks: string[];
}

/** One line of the table. `baseline` is the result of the target this one is compared with, if it is. */
export function verdict(target: Target, set: RequirementSet, result: RunResult, baseline: RunResult | undefined): Row {
  const lost = (baseline?.passed ?? []).filter((scenario) => !result.passed.includes(scenario));
  const wanted = target.wanted?.[set] ?? 0;
  const good = result.problem === undefined && result.passed.length >= wanted && lost.length === 0;
  const names = baseline ? lost : result.failed.map((each) => each.scenario);
  const remarks =
    result.problem !== undefined
      ? result.problem.trim().split('\n').slice(0, 12)
      : result.failed
          .filter(({ scenario }) => names.includes(scenario))
          .map((each) => `${each.scenario}: ${each.checks.join(', ')}`);
  const wantedText = baseline ? `the ${baseline.passed.length} of direct` : target.wanted ? `>= ${wanted}` : 'baseline';
  return {
    cells: [target.name, set, `${result.passed.length}/${result.required.length}`, wantedText, good ? 'ok' : 'FAILED'],
    good,
    remarks: target.wanted || baseline ? remarks : [],
  };
}

/** The whole table, with the failed scenarios below the line they belong to. */
export function table(rows: Row[]): string {
  const head = ['target', 'set', 'passed/required', 'wanted', 'verdict'];
  const cells = [head, ...rows.map((row) => row.cells)];
  const widths = head.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const line = (texts: string[]) => texts.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ');
  const body = rows.flatMap((row) => [line(row.cells), ...row.remarks.map((remark) => `    ${remark}`)]);
  return [line(head), widths.map((width) => '-'.repeat(width)).join('-|-'), ...body].join('\n');
}
