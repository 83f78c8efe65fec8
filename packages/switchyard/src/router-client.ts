/** Talks to a running router over its HTTP API, as any stranger would. */
import { CommandError } from './command.ts';
import { defaultRouterUrl } from './model-plane.ts';

export const routerFlags = { url: { type: 'string' }, json: { type: 'boolean' } } as const;

/** The address a command should use: flag, then environment, then the default. */
export function routerUrl(flag: string | undefined): string {
  return (flag ?? process.env.SWITCHYARD_ROUTER_URL ?? defaultRouterUrl).replace(/\/$/, '');
}

/** One request; gives the text of the answer. The key in `$SWITCHYARD_ROUTER_KEY`, if there is one, goes with it. Throws CommandError with the router's own words. */
export async function requestRouter(baseUrl: string, path: string, init: RequestInit = {}): Promise<string> {
  const key = process.env.SWITCHYARD_ROUTER_KEY;
  let response: Response;
  try {
    response = await fetch(baseUrl + path, {
      ...init,
      headers: { ...(key && { authorization: `Bearer ${key}` }), ...init.headers },
    });
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).message;
    throw new CommandError(
      `no router answers at ${baseUrl} (${cause}); start it with \`switchyard run ai-inference\`, or name another with --url`,
      69,
    );
  }
  const text = await response.text();
  if (response.ok) return text;
  const detail = detailOf(text) ?? `${baseUrl}${path} answered ${response.status}: ${text.slice(0, 300)}`;
  if (response.status === 401) throw new CommandError(`${detail}; this program sends the key in $SWITCHYARD_ROUTER_KEY`);
  throw new CommandError(detail);
}

function detailOf(text: string): string | undefined {
  try {
    const { detail, title, error } = JSON.parse(text) as { detail?: string; title?: string; error?: { message?: string } };
    return detail ?? error?.message ?? title;
  } catch {
    return undefined;
  }
}
