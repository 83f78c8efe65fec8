/**
 * A call of a cascade: its models are asked at once and without a stream; when their answer can be trusted the client gets it, in the
 * form it asked for, and else the strong side is asked as in any other call. Every attempt is in the one record.
 */
import { spawn } from 'node:child_process';
import type { ModelAnswer, ModelRequest } from '@switchyard/dialects';
import { JsonBody } from '@switchyard/kit/json-body';
import type { RouterConfig } from '../config.ts';
import { allAgree, jsonOf, type Said, saidBy } from '../policy/cascade.ts';
import type { Decision } from '../policy/route-policy.ts';
import type { Candidate } from '../routing/resolve.ts';
import { CapturedAnswer } from './captured-answer.ts';
import { type CallEnvironment, ModelCall, type ModelCallOptions } from './model-call.ts';
import { streamWhole } from './readers/whole.ts';
import type { CallRecord } from './record.ts';

export type CascadeSettings = NonNullable<RouterConfig['routes'][string]['cascade']>;

export interface CascadeOptions {
  settings: CascadeSettings;
  /** For each of its models, in order, who serves it. */
  steps: readonly (readonly Candidate[])[];
  /** The call as it would be made of the strong side. */
  call: ModelCallOptions & { decision: NonNullable<ModelCallOptions['decision']> };
}

interface Asked {
  record: CallRecord;
  captured: CapturedAnswer;
  answer: ModelAnswer | undefined;
}

/** Nobody holds a stream that is there already. */
const noFlow = { pause() {}, resume() {} };

/** Answers the client. Never rejects for anything a client or a provider does. */
export async function cascadeCall(env: CallEnvironment, { settings, steps, call }: CascadeOptions): Promise<CallRecord> {
  const { answer, client, stream, request, decision } = call;
  const whole = { ...call, stream: false, body: wholeBody(call), request: () => wholeRequest(request()), decision: undefined };
  const asked = await Promise.all(steps.map((candidates) => ask(env, { ...whole, candidates })));
  const left = asked.some(({ record }) => record.outcome === 'aborted');
  const told = asked.flatMap((one) => (one.answer ? [{ ...one, answer: one.answer, said: saidBy(one.answer) }] : []));
  const { kept, why } =
    told.length < steps.length && settings.verify === 'agreement'
      ? { kept: undefined, why: 'not all of its models answered' }
      : await judge(
          settings,
          told.map(({ said }) => said),
          request(),
        );
  const chosen = kept === undefined || left ? undefined : told[kept];
  (decision.decision as Decision).cascade = { kept: chosen !== undefined, why };
  answer.set('x-switchyard-cascade', chosen ? `kept; ${why}` : `escalated; ${why}`);
  // The one that answered is last, as in any other call.
  const attempts = asked.filter((one) => one.captured !== chosen?.captured).flatMap(({ record }) => record.attempts);
  if (chosen || left) {
    if (chosen) {
      attempts.push(...chosen.record.attempts);
      chosen.captured.passHeaders(answer);
      if (stream) streamWhole(chosen.answer, client, answer, noFlow, { request: request(), nowMs: env.clock.now() });
      else answer.whole(200, chosen.captured.body as Buffer);
    }
    const [{ record }] = asked as [Asked, ...Asked[]];
    const merged: CallRecord = {
      ...record,
      stream,
      outcome: chosen ? 'ok' : 'aborted',
      attempts,
      durationMs: env.clock.now() - record.startedAtMs,
    };
    delete merged.errorKind;
    env.onSettled(merged, decision);
    return merged;
  }
  const withAttempts = (record: CallRecord): CallRecord => ({ ...record, attempts: [...attempts, ...record.attempts] });
  const strong = { ...env, onSettled: (record: CallRecord) => env.onSettled(withAttempts(record), decision) };
  return withAttempts(await new ModelCall(strong, call).run());
}

async function ask(env: CallEnvironment, call: ModelCallOptions): Promise<Asked> {
  const captured = new CapturedAnswer(call.answer);
  const record = await new ModelCall({ ...env, onSettled: () => {} }, { ...call, answer: captured }).run();
  let answer: ModelAnswer | undefined;
  try {
    if (record.outcome === 'ok' && captured.body) answer = call.client.parseAnswer(JSON.parse(captured.body.toString('utf8')));
  } catch {
    // What cannot be read again is not to be trusted.
  }
  return { record, captured, answer };
}

/** Which answer is kept, if any, and why or why not. */
async function judge(
  { verify, command, commandTimeoutMs }: CascadeSettings,
  said: readonly Said[],
  request: ModelRequest,
): Promise<{ kept: number | undefined; why: string }> {
  if (verify === 'agreement')
    return allAgree(said) ? { kept: 0, why: 'its models agree' } : { kept: undefined, why: 'its models disagree' };
  for (const [index, { text, isComplete }] of said.entries()) {
    if (!isComplete) continue;
    if (verify === 'json' && (await isWantedJson(text, request))) return { kept: index, why: 'the JSON is as it should be' };
    if (verify === 'command' && command && (await runs(command, text, commandTimeoutMs)))
      return { kept: index, why: `${command[0]} accepts it` };
  }
  return {
    kept: undefined,
    why: verify === 'json' ? 'no answer is the JSON that was asked for' : `${command?.[0]} accepts none`,
  };
}

async function isWantedJson(text: string, { output }: ModelRequest): Promise<boolean> {
  const value = jsonOf(text);
  if (value === undefined) return false;
  if (output?.type !== 'json-schema') return true;
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  try {
    return new Ajv2020({ strict: false, validateFormats: false }).compile(output.schema)(value) === true;
  } catch {
    // A schema that is none accepts nothing.
    return false;
  }
}

/** Whether a program accepts a text on its standard input. */
function runs([program = '', ...args]: readonly string[], text: string, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: process.env.PATH },
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
    // A program may decide before it has read everything.
    child.stdin.on('error', () => {});
    child.stdin.end(text);
  });
}

/** The body without the wish for a stream; OpenAI refuses the options of one where there is none. */
function wholeBody({ body, client }: ModelCallOptions): JsonBody {
  if (client.name === 'gemini' || body.member('stream') === undefined) return body;
  if (body.member('stream_options') === undefined) return new JsonBody(body.rewritten({ set: { stream: false } }));
  const { stream_options: _, ...rest } = body.value();
  return new JsonBody(Buffer.from(JSON.stringify({ ...rest, stream: false })));
}

function wholeRequest(request: ModelRequest): ModelRequest {
  const { includeUsage: _, ...rest } = request;
  return { ...rest, stream: false };
}
