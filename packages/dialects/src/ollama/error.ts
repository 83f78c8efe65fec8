/** Errors of Ollama: `{"error":"text"}` with a status, or as a line of a stream. There are no codes: the words decide. */
import { type ErrorKind, kindOfStatus, type ModelError, statusOfKind } from '../model/error.ts';
import { isObject, type JsonObject, numberOf, stringOf } from '../model/json.ts';

const byWords: readonly [RegExp, ErrorKind][] = [
  [/model .*not found|no such model|try pulling it first/i, 'not-found'],
  [/does not support|is not supported (?:for|by) this model/i, 'unsupported'],
  [/exceed\w* .*context|context (?:length|window|size)|prompt is too long|input length exceeds/i, 'context-length'],
  [/server busy|maximum pending requests|requires more system memory|out of memory|no available|loading model/i, 'overloaded'],
  [/usage limit|upgrade for|insufficient (?:balance|credit)/i, 'balance'],
  [/unauthorized|invalid api key/i, 'authentication'],
  [/rate limit|too many requests/i, 'rate-limit'],
];

/** Reads the body of an error status. Never throws. */
export function parseError(status: number, body: unknown): ModelError {
  if (isObject(body) && body.error !== undefined) return { ...parseErrorObject(body, status), status };
  const text = typeof body === 'string' ? body.trim() : '';
  const message = text === '' || text.startsWith('<') ? `Ollama answered with status ${status}` : text.slice(0, 1000);
  return { kind: kindOfStatus(status), message, status };
}

/** Reads an error object. Inside a stream it has no status. */
export function parseErrorObject(body: JsonObject, status?: number): ModelError {
  const inner = isObject(body.error) ? stringOf(body.error.message) : stringOf(body.error);
  const message = inner ?? 'Ollama gave no reason';
  const found = byWords.find(([words]) => words.test(message))?.[1];
  const given = status ?? numberOf(body.StatusCode) ?? numberOf(body.status_code);
  return { kind: found ?? (given === undefined ? 'server' : kindOfStatus(given)), message };
}

export function renderError(error: ModelError): { status: number; body: JsonObject } {
  return {
    status: error.status !== undefined && error.status >= 400 ? error.status : statusOfKind[error.kind],
    body: { error: error.message },
  };
}
