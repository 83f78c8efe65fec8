/** Looks at the router and the proxy in front of it, as any stranger would, and says what people want to know of them. */

/** What `/status` of the router tells that is of use here. */
export interface RouterView {
  providers: { name: string; baseUrl: string; state: string; problem?: string; models?: number }[];
  missing: { name: string; remedy: string }[];
}

export const defaultRouterUrl = 'http://127.0.0.1:8765';
export const defaultProxyUrl = 'http://127.0.0.1:3001';

/** The router's status; undefined when nobody answers. */
export async function routerView(url: string): Promise<RouterView | undefined> {
  try {
    const response = await fetch(`${url}/status`, { signal: AbortSignal.timeout(2000) });
    return response.ok ? ((await response.json()) as RouterView) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether somebody is alive there. */
export async function isAlive(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}

/** A line for each provider, or what to do when there is none. */
export function routerLines({ providers, missing }: RouterView): string[] {
  if (providers.length === 0) {
    const variables = missing.map(({ remedy }) => /[A-Z_]+_API_KEY/.exec(remedy)?.[0]).filter(Boolean);
    return [`No provider of models yet: set ${variables.join(', ')} and start again, or start Ollama on this machine.`];
  }
  return providers.map(({ name, baseUrl, state, problem, models }) =>
    [`${name}: ${state}`, models === undefined ? '' : `${models} models`, baseUrl, problem ?? ''].filter(Boolean).join(', '),
  );
}
