/** What a call knows of money before it is sent: how long an answer the client allows, and how a budget's refusal is told. */
import { isObject } from '@switchyard/dialects';
import type { JsonBody } from '@switchyard/kit/json-body';
import type { BudgetRefusal } from '../ledger/budgets.ts';
import type { Failure } from '../routing/failure.ts';

const limits = ['max_tokens', 'max_completion_tokens', 'max_output_tokens'];

/** The most tokens of answer that a request allows, in any dialect; undefined where it does not say. */
export function answerLimitOf(body: JsonBody): number | undefined {
  for (const name of limits) {
    const value = body.member(name);
    if (typeof value === 'number' && value > 0) return value;
  }
  const gemini = body.member('generationConfig') ?? body.member('generation_config');
  if (!isObject(gemini)) return undefined;
  const value = gemini.maxOutputTokens ?? gemini.max_output_tokens;
  return typeof value === 'number' && value > 0 ? value : undefined;
}

/** Tells the client in its own dialect, with the time to wait. Another provider of the route may have a budget left. */
export function refusedByBudget({ message, retryAfterMs }: BudgetRefusal): Failure {
  return { error: { kind: 'balance', message, code: 'budget_exceeded' }, retryAfterMs };
}
