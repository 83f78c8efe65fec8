/** How agents put a variable's or a file's text into their settings, and how that is said in our notation. Pure. */
import { InexpressibleError } from './entry.ts';

export interface Interpolation {
  /** For messages: what it looks like. */
  looks: string;
  /** Spells a variable. */
  env(name: string): string;
  /** Spells a file's text, where the agent can read one. */
  file?(path: string): string;
  /** Every reference of the agent's, and how ours is called: source and name. */
  pattern: RegExp;
  /** Whether `${NAME:-default}` works. */
  defaults?: true;
}

/** `${NAME}` and `${NAME:-default}`; `$NAME` stays literal (Claude Code, Amp). */
export const braces: Interpolation = {
  looks: '${NAME}',
  env: (name) => `\${${name}}`,
  pattern: /\$\{(?<env>[A-Za-z_]\w*)\}/g,
  defaults: true,
};

/** `$NAME` as well (Gemini CLI, Copilot CLI, Goose). */
export const dollar: Interpolation = { ...braces, pattern: /\$\{(?<env>[A-Za-z_]\w*)\}|\$(?<bare>[A-Za-z_]\w*)/g };

/** Our own notation (Cursor, Roo Code, VS Code, Windsurf). */
export const envColon: Interpolation = {
  looks: '${env:NAME}',
  env: (name) => `\${env:${name}}`,
  pattern: /\$\{env:(?<env>\w+)\}/g,
};

/** opencode, which also reads files. */
export const bracesWithoutDollar: Interpolation = {
  looks: '{env:NAME}',
  env: (name) => `{env:${name}}`,
  file: (path) => `{file:${path}}`,
  pattern: /\{env:(?<env>\w+)\}|\{file:(?<file>[^}]+)\}/g,
};

/** Continue. */
export const secretsTemplate: Interpolation = {
  looks: '${{ secrets.NAME }}',
  env: (name) => `\${{ secrets.${name} }}`,
  pattern: /\$\{\{\s*secrets\.(?<env>\w+)\s*\}\}/g,
};

const ours = /\$\$\{|\$\{(env|file|credential):([^{}]*)\}/g;

/** A text of the agent's file in our notation. `undefined`: an agent that interpolates nothing. */
export function readText(text: string, interpolation: Interpolation | undefined): string {
  const literal = (part: string) => escaped(part, interpolation?.defaults === true);
  if (interpolation === undefined) return literal(text);
  let result = '';
  let end = 0;
  for (const match of text.matchAll(interpolation.pattern)) {
    const { env, bare, file } = match.groups ?? {};
    result += literal(text.slice(end, match.index));
    result += file === undefined ? `\${env:${env ?? bare}}` : `\${file:${file}}`;
    end = match.index + match[0].length;
  }
  return result + literal(text.slice(end));
}

/** What would read as a reference in a declaration, and is none in the file. */
function escaped(text: string, defaults: boolean): string {
  const plain = text.replace(/\$\{(?=(?:env|file|credential):|[A-Za-z_]\w*\})/g, '$$${');
  return defaults ? plain : plain.replace(/\$\{(?=\w+:-)/g, '$$${');
}

/** A text of ours as the agent spells it. Throws InexpressibleError for a reference that the agent cannot follow. */
export function writeText(text: string, interpolation: Interpolation | undefined): string {
  if (/(?<!\$)\$\{\w+:-[^}]*\}/.test(text) && interpolation?.defaults !== true)
    throw new InexpressibleError('a variable with a default (`${NAME:-…}`) is not known to this agent');
  return text.replace(ours, (whole, source: string | undefined, name: string | undefined) => {
    if (source === undefined) return '${';
    if (source === 'env' && interpolation) return interpolation.env(name ?? '');
    if (source === 'file' && interpolation?.file) return interpolation.file(name ?? '');
    const can = interpolation === undefined ? 'it follows no references' : `it only knows ${interpolation.looks}`;
    throw new InexpressibleError(`${whole} cannot be written for this agent: ${can}`);
  });
}

/** Whether a text holds a reference of ours. */
export function hasReference(text: string): boolean {
  return [...text.matchAll(ours)].some(([, source]) => source !== undefined);
}
