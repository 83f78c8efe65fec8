/** `switchyard route --explain FILE`: what the router would do with a request and why, without sending it anywhere. */
import { readFileSync } from 'node:fs';
import { type Command, CommandError } from '../command.ts';
import { readFlags } from '../flags.ts';
import { requestRouter, routerFlags, routerUrl } from '../router-client.ts';

export interface Explained {
  model: string;
  route?: string;
  decision?: string;
  reason?: string;
  score?: number;
  quantile?: number;
  threshold?: number;
  seen?: number;
  owed?: number;
  unit?: string;
  strongShare?: number;
  allowance?: number;
  estimates?: { tokens: number; cheapUsd: number; strongUsd: number };
  features?: Record<string, number>;
  candidates: { provider: string; model: string; problem?: string }[];
}

const flags = { ...routerFlags, explain: { type: 'string' }, model: { type: 'string' }, dialect: { type: 'string' } } as const;

export const command: Command = {
  usage: `route --explain FILE|- [--model NAME] [--dialect NAME] [--url URL] [--json]

FILE holds the body of a request; "-" reads standard input. What is no JSON is taken as a prompt.
--model    the route to ask. Default: auto.
--dialect  openai-chat (default), openai-responses, openai-completions, anthropic, gemini, ollama.

Nothing is sent to a provider and nothing is counted.`,
  async run(args) {
    const { values, positionals } = readFlags(args, flags);
    if (values.explain === undefined || positionals.length > 0)
      throw new CommandError('needs --explain FILE, or - for standard input', 64);
    const query = new URLSearchParams({ model: values.model ?? 'auto' });
    if (values.dialect !== undefined) query.set('dialect', values.dialect);
    const text = await requestRouter(routerUrl(values.url), `/v1/route/explain?${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: bodyOf(read(values.explain), values.dialect),
    });
    console.log(values.json ? JSON.stringify(JSON.parse(text), null, 2) : readable(JSON.parse(text) as Explained));
    return 0;
  },
};

function read(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CommandError(`${file}: ${(error as Error).message}`, 66);
  }
}

function bodyOf(text: string, dialect: string | undefined): string {
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === 'object') return text;
  } catch {
    // A prompt, then.
  }
  if (dialect !== undefined && dialect !== 'openai-chat')
    throw new CommandError(`a plain prompt has no dialect: leave --dialect out, or give a request of ${dialect} as JSON`, 64);
  return JSON.stringify({ messages: [{ role: 'user', content: text }] });
}

const reasons: Readonly<Record<string, string>> = {
  asked: 'the name says so',
  gate: 'the hardest share goes to the strong side',
  simple: 'it is simple beside the other requests of this route',
  ratio: 'it keeps the ratio',
  session: 'its conversation is there',
  allowance: 'the allowance is kept for later or used up',
};

export function readable(told: Explained): string {
  const lines: string[] = [];
  const { route, decision, reason = '', score = 0, quantile = 0, threshold = 0, owed = 0, estimates, allowance } = told;
  if (route === undefined) lines.push(`"${told.model}" is no route: the models of its name are asked in order.`);
  else {
    lines.push(`${told.model} → the ${decision} side: ${reasons[reason] ?? reason}`);
    lines.push(
      `score      ${score.toFixed(1)} of 100, above ${(quantile * 100).toFixed(1)} % of the last ${told.seen} (simple below ${(threshold * 100).toFixed(0)} %)`,
    );
    lines.push(
      `ratio      ${((told.strongShare ?? 0) * 100).toFixed(1)} % to the strong side, which is owed ${owed.toPrecision(3)} ${told.unit}`,
    );
    if (estimates)
      lines.push(
        `estimates  ${Math.round(estimates.tokens)} tokens, ${estimates.cheapUsd.toPrecision(3)} USD cheap, ${estimates.strongUsd.toPrecision(3)} USD strong`,
      );
    if (allowance !== undefined) lines.push(`allowance  ${allowance} DIEM left`);
  }
  for (const [index, { provider, model, problem }] of told.candidates.entries())
    lines.push(
      `${index === 0 ? 'first     ' : 'then      '} ${provider}/${model}${problem === undefined ? '' : ` (${problem})`}`,
    );
  return lines.join('\n');
}
