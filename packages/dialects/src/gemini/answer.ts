/** Reads and writes whole answers of `generateContent`. */
import { AnswerError, type ParseAnswerOptions, type RenderAnswerOptions } from '../dialect.ts';
import { unpack } from '../fields.ts';
import type { ModelAnswer, Stop } from '../model/answer.ts';
import { bagOf, fieldsOf } from '../model/bag.ts';
import { DialectError } from '../model/error.ts';
import { arrayOf, fieldsBeside, isObject, type JsonObject, type JsonValue, objectOf, stringOf } from '../model/json.ts';
import { randomId } from '../model/new-id.ts';
import type { Part } from '../model/request.ts';
import { ClientParts } from './client-parts.ts';
import { parseErrorObject } from './error.ts';
import { camel, camelObject } from './keys.ts';
import { type CallNames, madeUpId, parsePart } from './part-parse.ts';
import { parseStop, renderStop } from './stop.ts';
import { paidSearches, parseUsage, renderUsage } from './usage.ts';

const known = new Set(['candidates', 'usageMetadata', 'modelVersion', 'responseId', 'createTime']);
const candidateFields = new Set(['content', 'finishReason']);

/**
 * Reads an answer. A blocked prompt has no candidates: it is an answer that the filter stopped. Throws AnswerError for an
 * error object, DialectError for anything else that is no answer.
 */
export function parseAnswer(raw: JsonObject, options: ParseAnswerOptions = {}): ModelAnswer {
  const body = camel(raw);
  if (isObject(body.error)) throw new AnswerError(parseErrorObject(body));
  if (!Array.isArray(body.candidates) && body.promptFeedback === undefined && body.usageMetadata === undefined) {
    throw new DialectError('candidates', 'the answer has no candidates');
  }
  const [first, ...more] = arrayOf(body.candidates);
  const candidate = camelObject(first) ?? {};
  const content = camelObject(candidate.content) ?? {};
  const calls = namesFor(options);
  const parts = arrayOf(content.parts).flatMap((part) => (isObject(part) ? [parsePart(part, calls)] : []));
  const created = Date.parse(stringOf(body.createTime) ?? '');
  return {
    id: stringOf(body.responseId) ?? '',
    model: stringOf(body.modelVersion) ?? '',
    ...(!Number.isNaN(created) && { createdAtMs: created }),
    parts,
    stop: stopOf(body, candidate, parts),
    ...(isObject(body.usageMetadata) && {
      usage: { ...parseUsage(body.usageMetadata), ...paidSearches(candidate, stringOf(body.modelVersion) ?? '') },
    }),
    ...bagOf('gemini', fieldsBeside(body, known), notesOf(candidate, more)),
  };
}

function notesOf(candidate: JsonObject, more: JsonValue[]): JsonObject {
  const beside = fieldsBeside(candidate, candidateFields);
  return { ...(beside && { $candidate: beside }), ...(more.length > 0 && { $candidates: more }) };
}

/** Ids for calls of an answer that has none. */
export function namesFor(options: ParseAnswerOptions): CallNames {
  const newId = options.newId ?? randomId;
  return { newId: () => newId(madeUpId), callFor: () => newId(madeUpId) };
}

function stopOf(body: JsonObject, candidate: JsonObject, parts: readonly Part[]): Stop {
  const reason = stringOf(candidate.finishReason);
  if (reason !== undefined)
    return parseStop(
      reason,
      parts.some((part) => part.type === 'tool-call'),
    );
  const block = stringOf(objectOf(body.promptFeedback).blockReason);
  return block === undefined ? { reason: 'other' } : { reason: 'content-filter', raw: block };
}

/** Writes an answer for a client of Gemini. Everything that has to come back is in it. */
export function renderAnswer(answer: ModelAnswer, options: RenderAnswerOptions): JsonObject {
  const newId = options.newId ?? randomId;
  const client = new ClientParts(options.request);
  const notes = fieldsOf(answer.bag, 'gemini');
  const parts = answer.parts.flatMap((part) => client.render(part));
  const isBlocked = parts.length === 0 && isObject(notes.promptFeedback) && notes.promptFeedback.blockReason !== undefined;
  const candidate: JsonObject = { content: { parts, role: 'model' }, finishReason: renderStop(answer.stop), index: 0 };
  const body: JsonObject = {
    ...(!isBlocked && { candidates: [unpack(candidate, objectOf(notes.$candidate)), ...arrayOf(notes.$candidates)] }),
    ...(answer.usage !== undefined && { usageMetadata: renderUsage(answer.usage) }),
    modelVersion: answer.model === '' ? options.request.model : answer.model,
    ...(answer.createdAtMs !== undefined && { createTime: new Date(answer.createdAtMs).toISOString() }),
    responseId: answer.id === '' ? newId('') : answer.id,
  };
  return unpack(body, notes);
}
