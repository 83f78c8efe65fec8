/** `switchyard models`: every model that can be asked for through the router, with what it takes and costs. */
import type { Command } from '../command.ts';
import { readFlags } from '../flags.ts';
import { requestRouter, routerFlags, routerUrl } from '../router-client.ts';
import { renderTable } from '../table.ts';

interface ModelView {
  id: string;
  provider: string;
  context_length?: number;
  pricing?: { input_usd_per_million?: number; output_usd_per_million?: number };
  retires_at?: string;
}

export const command: Command = {
  usage: `models [WORDS] [--url URL] [--json]

Shows the models whose names hold all WORDS, with their context window and their prices in USD per million tokens.
"–": the provider does not say.`,
  async run(args) {
    const { values, positionals } = readFlags(args, routerFlags);
    const { data } = JSON.parse(await requestRouter(routerUrl(values.url), '/v1/models')) as { data: ModelView[] };
    const words = positionals.map((word) => word.toLowerCase());
    const found = data.filter(({ id }) => words.every((word) => id.toLowerCase().includes(word)));
    console.log(values.json ? JSON.stringify(found, null, 2) : modelsTable(found));
    return found.length > 0 ? 0 : 1;
  },
};

export function modelsTable(models: readonly ModelView[]): string {
  const usd = (price: number | undefined) => (price === undefined ? '–' : String(price));
  return renderTable(
    ['MODEL', 'PROVIDER', 'CONTEXT', 'USD IN', 'USD OUT', 'ENDS'],
    models.map(({ id, provider, context_length, pricing, retires_at }) => [
      id,
      provider || '–',
      context_length === undefined ? '–' : `${Math.round(context_length / 1000)}k`,
      usd(pricing?.input_usd_per_million),
      usd(pricing?.output_usd_per_million),
      retires_at?.slice(0, 10) ?? '',
    ]),
  );
}
