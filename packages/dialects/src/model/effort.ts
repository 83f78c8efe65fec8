/**
 * How hard a model is to think, between dialects that say it in words and those that say it in tokens.
 * Source: Google, "OpenAI compatibility", table of reasoning_effort (low 1,024, medium 8,192, high 24,576); the ends are ours.
 */
const budgets: Readonly<Record<string, number>> = {
  none: 0,
  minimal: 1024,
  low: 1024,
  medium: 8192,
  high: 24_576,
  xhigh: 32_768,
  max: 49_152,
};

/** Tokens for an effort; undefined for a word that is not in the table. */
export function budgetOfEffort(effort: string): number | undefined {
  return budgets[effort];
}

/** The nearest word for a number of tokens; undefined for -1, where the model decides. */
export function effortOfBudget(budgetTokens: number): 'none' | 'low' | 'medium' | 'high' | undefined {
  if (budgetTokens < 0) return undefined;
  if (budgetTokens === 0) return 'none';
  if (budgetTokens <= 4096) return 'low';
  return budgetTokens <= 16_384 ? 'medium' : 'high';
}

/** Whether a request says that the model shall not think. */
export function isReasoningOff(reasoning: { effort?: string; budgetTokens?: number } | undefined): boolean {
  return reasoning?.budgetTokens === 0 || (reasoning?.budgetTokens === undefined && reasoning?.effort === 'none');
}
