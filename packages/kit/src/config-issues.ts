/** Turns zod's issues into sentences that name the field by its full path, say what was found, and guess what was meant. */
import type { z } from 'zod';
import { abbreviate, kindOf } from './config-value.ts';
import { didYouMean } from './nearest.ts';
import { keysAt, type PathStep } from './schema-walk.ts';

type Issue = z.core.$ZodIssue;
type Explained = { path: string; message: string };

/** Every issue of one failed parse of `value`, in the order of the file's fields as zod reports them. */
export function explainIssues(schema: z.ZodType, value: unknown, issues: readonly Issue[]): Explained[] {
  const explained = issues.flatMap((issue) => explain(schema, value, issue, []));
  const seen = new Set<string>();
  return explained.filter(({ path, message }) => {
    const key = `${path}\n${message}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** `['servers', 'a.b', 'args', 0]` as `servers["a.b"].args[0]`. */
export function formatPath(path: readonly PathStep[]): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      const key = String(step);
      if (!/^[\w$@/-]+$/.test(key)) return `[${JSON.stringify(key)}]`;
      return index === 0 ? key : `.${key}`;
    })
    .join('');
}

function explain(schema: z.ZodType, root: unknown, issue: Issue, base: readonly PathStep[]): Explained[] {
  const path = [...base, ...issue.path];
  const found = valueAt(root, path);
  const say = (message: string): Explained[] => [{ path: formatPath(path), message }];
  const foundText = `found ${abbreviate(found, path)}`;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: formatPath([...path, key]), message: unknownKey(key, keysAt(schema, path)) }));
    case 'invalid_type':
      if (found === undefined) return say(`is required (${article(issue.expected)})`);
      return say(`expected ${article(issue.expected)}, ${foundText}`);
    case 'invalid_value': {
      const allowed = issue.values.map((each) => JSON.stringify(each)).join(', ');
      const wanted = issue.values.length === 1 ? allowed : `one of ${allowed}`;
      if (found === undefined) return say(`is required (${wanted})`);
      const hint = typeof found === 'string' ? didYouMean(found, issue.values.map(String)) : '';
      return say(`expected ${wanted}, ${foundText}${hint}`);
    }
    case 'too_small':
    case 'too_big':
      return say(`${sizeRule(issue)}, ${foundText}`);
    case 'not_multiple_of':
      return say(`must be a multiple of ${issue.divisor}, ${foundText}`);
    case 'invalid_format':
      return say(`${formatRule(issue)}, ${foundText}`);
    case 'invalid_key':
      return say(`this name is not allowed: ${issue.issues.map((each) => each.message).join('; ')}`);
    case 'invalid_element':
      return issue.issues.flatMap((each) => explain(schema, root, each, path));
    case 'invalid_union':
      return explainUnion(schema, root, issue, path);
    default:
      return say(issue.message);
  }
}

function unknownKey(key: string, known: string[]): string {
  if (known.includes(key))
    return 'does not go together with the other keys beside it (it belongs to another form of this setting)';
  const hint = didYouMean(key, known);
  if (hint || known.length === 0 || known.length > 12) return `unknown key${hint}`;
  return `unknown key (known: ${known.join(', ')})`;
}

/** A union reports the issues of all alternatives. Only those of the alternative the author was nearest to help. */
function explainUnion(
  schema: z.ZodType,
  root: unknown,
  issue: z.core.$ZodIssueInvalidUnion,
  path: readonly PathStep[],
): Explained[] {
  const found = valueAt(root, path);
  const say = (message: string): Explained[] => [{ path: formatPath(path), message }];
  if ('discriminator' in issue && issue.discriminator !== undefined) {
    const options = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
    const wanted = options.length > 0 ? `one of ${options.map((each) => JSON.stringify(each)).join(', ')}` : 'another value';
    const hint = typeof found === 'string' ? didYouMean(found, options) : '';
    if (found === undefined) return say(`is required (${wanted})`);
    if (typeof found !== 'object') return say(`expected ${wanted}, found ${abbreviate(found, path)}${hint}`);
  }
  const wrongKind = (issues: Issue[]): boolean => issues.some((each) => each.path.length === 0 && each.code === 'invalid_type');
  const candidates = issue.errors.filter((issues) => !wrongKind(issues));
  if (candidates.length === 0) {
    const kinds = issue.errors
      .flat()
      .flatMap((each) => (each.path.length === 0 && each.code === 'invalid_type' ? each.expected : []));
    const wanted = [...new Set(kinds)].map(article).join(' or ');
    return say(
      found === undefined
        ? `is required (${wanted})`
        : `expected ${wanted || 'something else'}, found ${abbreviate(found, path)}`,
    );
  }
  const nearest = candidates.toSorted((a, b) => distance(a) - distance(b))[0] ?? [];
  return nearest.flatMap((each) => explain(schema, root, each, path));
}

/** How far a value is from one alternative: a wrong tag (`kind: "x"`) weighs most, then each wrong, missing or unknown field. */
function distance(issues: Issue[]): number {
  return issues.reduce((sum, issue) => {
    if (issue.code === 'invalid_value' && issue.values.length === 1) return sum + 100;
    return sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1);
  }, 0);
}

function sizeRule(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const [limit, word] =
    issue.code === 'too_small'
      ? [issue.minimum, issue.inclusive === false ? 'more than' : 'at least']
      : [issue.maximum, issue.inclusive === false ? 'less than' : 'at most'];
  const units: Record<string, string> = { string: 'character', array: 'entry', set: 'entry', map: 'entry', object: 'key' };
  const unit = units[issue.origin];
  if (unit === undefined) return `must be ${word} ${limit}`;
  const plural = Number(limit) === 1 ? unit : unit === 'entry' ? 'entries' : `${unit}s`;
  return `must have ${word} ${limit} ${plural}`;
}

function formatRule(issue: z.core.$ZodIssueInvalidStringFormat): string {
  // A schema's own message says more than the pattern does.
  if (!issue.message.startsWith('Invalid ')) return issue.message;
  return issue.format === 'regex' ? `must match ${issue.pattern}` : `must be a valid ${issue.format}`;
}

function article(kind: string): string {
  const word = kind === 'int' ? 'integer' : kind === 'record' ? 'object' : kind;
  return /^[aeiou]/.test(word) ? `an ${word}` : `a ${word}`;
}

function valueAt(root: unknown, path: readonly PathStep[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      kindOf(value) === 'object' || Array.isArray(value) ? (value as Record<PathStep, unknown>)[step] : undefined,
    root,
  );
}
