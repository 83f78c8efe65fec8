/** Talks to a running gateway over its REST API, as any stranger would. */
import { CommandError } from './command.ts';

/** Where the gateway is unless told otherwise. */
export const defaultGatewayUrl = 'http://127.0.0.1:8085';

export const gatewayFlags = { url: { type: 'string' }, json: { type: 'boolean' } } as const;

/** The address a command should use: flag, then environment, then the default. */
export function gatewayUrl(flag: string | undefined): string {
  return (flag ?? process.env.SWITCHYARD_GATEWAY_URL ?? defaultGatewayUrl).replace(/\/$/, '');
}

interface ProblemBody {
  title?: string;
  detail?: string;
}

/** One request; gives the parsed JSON body. The token in `$SWITCHYARD_TOKEN`, if there is one, goes with it. Throws CommandError with the problem's own words. */
export async function requestGateway<T>(baseUrl: string, path: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(baseUrl + path, {
      ...init,
      headers: { ...authorization(process.env.SWITCHYARD_TOKEN), ...init.headers },
    });
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).message;
    throw new CommandError(
      `no gateway answers at ${baseUrl} (${cause}); start it with \`switchyard up\`, or name another with --url`,
      69,
    );
  }
  const text = await response.text();
  const body = parse(text);
  if (response.ok) return body as T;
  const { title, detail } = (body ?? {}) as ProblemBody;
  if (response.status === 401) throw new CommandError(`${detail ?? title}; this program sends the one in $SWITCHYARD_TOKEN`);
  throw new CommandError(detail ?? title ?? `${baseUrl}${path} answered ${response.status}: ${text.slice(0, 300)}`);
}

function authorization(token: string | undefined): Record<string, string> {
  return token ? { authorization: `Bearer ${token}` } : {};
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
