/**
 * An opened environment as the API gives it: every node is a wrapped value, `{value?, secret?, unknown?, trace}`. This file
 * takes out what programs are meant to see: `environmentVariables` and `files`. Pure.
 */

/** A node. */
interface Wrapped {
  value?: unknown;
  secret?: boolean;
  unknown?: boolean;
}

/** One variable or file: its text, or why there is none. */
export type EscValue = { text: string; secret: boolean } | { problem: string; secret: boolean };

export interface EscEnvironment {
  /** By their names; what is no scalar is there with its problem. */
  variables: Map<string, EscValue>;
  /** Contents of files by the name of the variable that is to hold their path. */
  files: Map<string, EscValue>;
}

const strange = 'has a form this program does not know';

/** Reads the answer to `GET …/open/{session}`. A text, when it can not be read: what is wrong with it. */
export function readEvaluated({ properties = {} }: Record<string, unknown>): EscEnvironment | string {
  if (!isObject(properties)) return '"properties" is not an object';
  const variables = valuesOf(properties.environmentVariables);
  if (typeof variables === 'string') return `"environmentVariables" ${variables}`;
  const files = valuesOf(properties.files);
  if (typeof files === 'string') return `"files" ${files}`;
  return { variables, files };
}

/** The members of a wrapped map. A node's `secret` holds for all below it. */
function valuesOf(node: unknown): Map<string, EscValue> | string {
  if (node === undefined) return new Map();
  if (!isObject(node)) return strange;
  const { value, secret = false, unknown } = node as Wrapped;
  // Not computed is not the same as empty.
  if (unknown === true || value === undefined) return 'could not be computed (unknown)';
  if (value === null) return new Map();
  if (!isObject(value)) return 'is not an object';
  return new Map(Object.entries(value).map(([name, member]) => [name, leafOf(member, secret)]));
}

function leafOf(node: unknown, inherited: boolean): EscValue {
  if (!isObject(node)) return { problem: strange, secret: inherited };
  const { value, secret: own = false, unknown = false } = node as Wrapped;
  const secret = own || inherited;
  if (unknown || value === undefined) return { problem: 'could not be computed (unknown)', secret };
  if (value === null) return { problem: 'is null', secret };
  if (typeof value === 'object') return { problem: `is ${Array.isArray(value) ? 'a list' : 'an object'}, not a text`, secret };
  return { text: String(value), secret };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
