/** The body of `POST /api/v1/query`: which tool to call, and its arguments as they were written. */
import { parseConfig } from '@switchyard/kit/config';
import { memberText } from '@switchyard/kit/json-scan';
import type { JsonBody } from './body.ts';
import { queryShape } from './shapes.ts';

/** Reads `{server, tool, args}`. Throws ConfigError that names the field that is wrong. */
export function readQuery({ text, value }: JsonBody): { server: string; tool: string; argumentsText: string } {
  const { server, tool } = parseConfig(queryShape, value, 'body');
  return { server, tool, argumentsText: memberText(text, 'args') ?? '{}' };
}
