/** The offer for a service without a server of its own. */
import type { CatalogEntryInput } from '../entry.ts';

type Offer = CatalogEntryInput['offers'][number];
type Variable = NonNullable<Offer['variables']>[number];

/**
 * For a service without a server: a program that makes tools of an OpenAPI description. Tried with 1.16.1: it reads these
 * three variables, lists the operations as tools and sends the header.
 */
export function openApiOffer(prefix: string, header: string, api: Partial<Variable>, key: Partial<Variable>): Offer {
  const endpoint = {
    name: `${prefix}_API_URL`,
    field: 'endpoint',
    secret: false,
    required: true,
    summary: 'address of the API',
  } as const;
  const spec = {
    name: `${prefix}_OPENAPI_SPEC`,
    field: 'other',
    secret: false,
    required: true,
    summary: 'URL or path of the OpenAPI description of the API',
  } as const;
  const secret = { name: `${prefix}_API_KEY`, field: 'apiKey', secret: true, required: true, summary: 'API key' } as const;
  return {
    name: 'openapi',
    by: 'generic',
    auth: 'variables',
    command: 'npx',
    args: ['-y', '@ivotoby/openapi-mcp-server@1.16.1'],
    env: {
      API_BASE_URL: `{${endpoint.name}}`,
      OPENAPI_SPEC_PATH: `{${spec.name}}`,
      API_HEADERS: `${header}{${key.name ?? secret.name}}`,
    },
    variables: [{ ...endpoint, ...api }, spec, { ...secret, ...key }],
  };
}
