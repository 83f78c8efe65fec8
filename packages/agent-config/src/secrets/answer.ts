/** One HTTP question to a secret manager, with a time limit. Reads are asked again when that can help; writes never. */
import { sleep } from '@switchyard/kit/clock';
import { TransportError } from '@switchyard/kit/http-client';
import type { SourceContext } from './source.ts';
import { SourceAnswerError, SourceUnreachableError } from './source-error.ts';

const tries = 3;
const firstPauseMs = 200;
const largestAnswerBytes = 8 * 1024 * 1024;

export interface Question {
  url: string;
  /** Default GET. */
  method?: 'GET' | 'HEAD' | 'POST' | 'PATCH';
  headers: Record<string, string>;
  body?: string;
  /** For messages. */
  origin: string;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[]>;
  /** Masked, when the status is an error's: it goes into messages. */
  text: string;
}

/**
 * The answer, whatever its status. GET and HEAD are repeated twice, after 0.2 s and 0.4 s, when nobody answers or with 5xx.
 * Throws SourceUnreachableError.
 */
export async function ask(question: Question, context: SourceContext): Promise<Answer> {
  const repeatable = question.method === undefined || question.method === 'GET' || question.method === 'HEAD';
  for (let round = 1; ; round++) {
    const last = !repeatable || round === tries;
    try {
      const answer = await askOnce(question, context);
      if (answer.status < 500 || last) return answer;
    } catch (error) {
      if (last || !(error instanceof SourceUnreachableError)) throw error;
    }
    await sleep(firstPauseMs * 2 ** (round - 1), { clock: context.clock });
  }
}

async function askOnce({ url, method = 'GET', headers, body, origin }: Question, context: SourceContext): Promise<Answer> {
  const signal = AbortSignal.timeout(context.timeoutMs);
  try {
    const answer = await context.httpClient.request(url, { method, headers, signal, ...(body !== undefined && { body }) });
    const { status } = answer;
    const text = await answer.text(largestAnswerBytes);
    return { status, headers: answer.headers, text: status < 400 ? text : context.secrets.mask(text) };
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    const problem = signal.aborted ? `${error.url}: no answer within ${context.timeoutMs / 1000} s` : error.message;
    throw new SourceUnreachableError(origin, problem, 'check the address and the network', { cause: error });
  }
}

/** The answer's JSON object. Throws SourceAnswerError for anything else. */
export function objectIn(answer: Answer, origin: string): Record<string, unknown> {
  const value = parsed(answer.text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new SourceAnswerError(
    origin,
    `answered ${answer.status} with something that is not a JSON object`,
    'does the address belong to this service?',
  );
}

/** The first of `fields` that is a text in the answer's JSON object; undefined when there is none. */
export function saidIn(answer: Answer, fields: readonly string[]): string | undefined {
  const value = parsed(answer.text) as Record<string, unknown> | null | undefined;
  return fields.map((field) => value?.[field]).find((text): text is string => typeof text === 'string' && text !== '');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
