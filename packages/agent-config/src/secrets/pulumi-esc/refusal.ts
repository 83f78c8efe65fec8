/** What an error answer of Pulumi's API means, and what to do about it. */
import { type Answer, saidIn } from '../answer.ts';
import {
  SecretMissingError,
  SourceAnswerError,
  SourceConflictError,
  type SourceError,
  SourceInputError,
  SourceRateLimitError,
  SourceRefusedError,
  SourceUnreachableError,
} from '../source-error.ts';

interface Diagnostic {
  range?: { environment?: string; begin?: { line?: number; column?: number } };
  summary?: string;
  detail?: string;
  severity?: string;
}

/**
 * The error for an answer that is not a success. `code` in the body is a number or a text and is not looked at: the status
 * says the same. A 404 may also mean that the token may not see it.
 */
export function escRefusal(answer: Answer, origin: string): SourceError {
  const requestId = answer.headers['x-pulumi-request-id'];
  const id = typeof requestId === 'string' ? `, X-Pulumi-Request-ID ${requestId}` : '';
  const said = `${saidIn(answer, ['message']) ?? `answered ${answer.status}`}${id}`;
  switch (answer.status) {
    case 400:
      return new SourceInputError(
        origin,
        [said, ...diagnosticsIn(answer.text)].join('\n  '),
        'mend its definition: `esc env edit`',
      );
    case 401:
      return new SourceRefusedError(origin, said, 'make a new access token and set PULUMI_ACCESS_TOKEN');
    case 403:
      return new SourceRefusedError(origin, said, 'let the owner of the token open this environment');
    case 404:
      return new SecretMissingError(origin, said, 'check organization, project and name, and that the token may see it');
    case 409:
      return new SourceConflictError(origin, said, 'somebody changed it in between: read it again');
    case 429:
      return new SourceRateLimitError(origin, said, 'wait a minute');
    default:
      if (answer.status >= 500)
        return new SourceUnreachableError(origin, said, "look at Pulumi's status page, and try again later");
      return new SourceAnswerError(origin, said, 'is PULUMI_BACKEND_URL the address of a Pulumi API?');
  }
}

/** The diagnostics of an answer, one line each: `environment:line:column: severity: summary: detail`. */
export function diagnosticsIn(text: string): string[] {
  let diagnostics: unknown;
  try {
    diagnostics = (JSON.parse(text) as { diagnostics?: unknown } | null)?.diagnostics;
  } catch {
    return [];
  }
  // A list in answers of 400; a map of names to lists has been seen beside it.
  const all = Array.isArray(diagnostics) ? diagnostics : Object.values((diagnostics as object | undefined) ?? {}).flat();
  return (all as Diagnostic[]).map(({ range, summary, detail, severity }) => {
    const at = [range?.environment, range?.begin?.line, range?.begin?.column].filter((one) => one !== undefined).join(':');
    return [at, severity, summary, detail].filter(Boolean).join(': ');
  });
}
