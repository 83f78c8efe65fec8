/** `WWW-Authenticate: Bearer …` (RFC 6750 §3, RFC 9728 §5.1). Pure. */

export interface Challenge {
  error?: 'invalid_token' | 'insufficient_scope' | undefined;
  description?: string | undefined;
  scope?: string | undefined;
  resourceMetadata?: string | undefined;
}

/** The header's value. What is not known is left out; without an error it only asks for a token. */
export function bearerChallenge({ error, description, scope, resourceMetadata }: Challenge = {}): string {
  const parameters = [
    ['error', error],
    ['error_description', description],
    ['scope', scope],
    ['resource_metadata', resourceMetadata],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`${name}="${quotable(value)}"`]));
  return parameters.length === 0 ? 'Bearer' : `Bearer ${parameters.join(', ')}`;
}

/** RFC 6750 §3: printable ASCII without quotes and backslashes. */
function quotable(text: string): string {
  return text.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, '?');
}
