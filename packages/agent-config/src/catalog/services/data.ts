/** Services that keep data, run models or rent machines. Data only. */
import type { CatalogEntryInput } from '../entry.ts';
import { openApiOffer } from './openapi-offer.ts';

/** The day on which this was looked up. */
const verified = '2026-11-20';

export const dataServices: Readonly<Record<string, CatalogEntryInput>> = {
  mem0: {
    title: 'Mem0',
    offers: [
      {
        name: 'remote',
        by: 'vendor',
        auth: 'bearer',
        url: 'https://mcp.mem0.ai/mcp',
        headers: { Authorization: 'Token {MEM0_API_KEY}' },
        variables: [{ name: 'MEM0_API_KEY', field: 'apiKey', secret: true, required: true, summary: 'API key' }],
        notes: 'The header is the one of the REST API; it has not been tried here.',
      },
      {
        name: 'local',
        by: 'vendor',
        auth: 'variables',
        pinned: false,
        command: 'uvx',
        args: ['mem0-mcp-server'],
        variables: [
          { name: 'MEM0_API_KEY', field: 'apiKey', secret: true, required: true, summary: 'API key' },
          { name: 'MEM0_DEFAULT_USER_ID', field: 'other', secret: false, summary: 'whose memories, unless a call says' },
        ],
        notes: 'Its makers archived it in favour of the hosted one.',
      },
    ],
    docs: 'https://docs.mem0.ai',
    verified,
  },
  qdrant: {
    title: 'Qdrant',
    offers: [
      {
        name: 'local',
        by: 'vendor',
        auth: 'variables',
        command: 'uvx',
        args: ['mcp-server-qdrant==0.8.1'],
        variables: [
          {
            name: 'QDRANT_URL',
            field: 'endpoint',
            secret: false,
            required: true,
            from: ['QDRANT_CLUSTER_URL'],
            rejects: [
              { pattern: '^https?://cloud\\.qdrant\\.io', why: 'is the console; the address of the cluster is shown there' },
            ],
            summary: 'address of the cluster, with its port',
          },
          { name: 'QDRANT_API_KEY', field: 'apiKey', secret: true, summary: 'API key, where the cluster wants one' },
          {
            name: 'COLLECTION_NAME',
            field: 'other',
            secret: false,
            required: true,
            from: ['QDRANT_COLLECTION', 'QDRANT_COLLECTION_NAME'],
            summary: 'the collection that is read and written',
          },
          {
            name: 'EMBEDDING_MODEL',
            field: 'other',
            secret: false,
            from: ['QDRANT_EMBEDDING_MODEL'],
            summary: 'model of the embeddings',
          },
        ],
      },
    ],
    docs: 'https://github.com/qdrant/mcp-server-qdrant',
    verified,
    notes: 'QDRANT_LOCAL_PATH instead of QDRANT_URL keeps the data in a folder. There is no QDRANT_CLUSTER_NAME.',
  },
  openrouter: {
    title: 'OpenRouter',
    offers: [
      {
        name: 'remote',
        by: 'vendor',
        auth: 'oauth',
        url: 'https://mcp.openrouter.ai/mcp',
        notes: 'For building: it makes a key for 7 days with 10 USD. Model calls go through the router of this suite.',
      },
    ],
    docs: 'https://openrouter.ai/docs',
    verified,
  },
  portkey: {
    title: 'Portkey',
    none: 'Portkey has no MCP server of its own; its API can be used through an OpenAPI description.',
    offers: [openApiOffer('PORTKEY', 'x-portkey-api-key:', { from: ['PORTKEY_BASE_URL'] }, {})],
    docs: 'https://portkey.ai/docs',
    verified,
  },
  'lambda-labs': {
    title: 'Lambda',
    prefixes: ['LAMBDA'],
    none: 'Lambda has no MCP server; its API (https://cloud.lambda.ai/api/v1) can be used through an OpenAPI description.',
    offers: [
      openApiOffer(
        'LAMBDA',
        'Authorization:Bearer ',
        {
          default: 'https://cloud.lambda.ai/api/v1',
          rejects: [{ pattern: '/instances/?$', why: 'is one resource; the API is https://cloud.lambda.ai/api/v1' }],
        },
        {},
      ),
    ],
    docs: 'https://docs.lambda.ai',
    verified,
  },
  'estuary-flow': {
    title: 'Estuary Flow',
    prefixes: ['ESTUARY', 'FLOW'],
    none: 'Estuary has no server for its control plane, only one for its documentation; the API can be used through an OpenAPI description.',
    offers: [
      {
        name: 'docs',
        by: 'vendor',
        auth: 'oauth',
        url: 'https://estuary.mcp.kapa.ai',
        notes: 'Documentation only; signs in with Google.',
      },
      openApiOffer(
        'ESTUARY',
        'Authorization:Bearer ',
        {},
        { name: 'FLOW_AUTH_TOKEN', from: ['ESTUARY_REFRESH_TOKEN'], summary: 'token as `flowctl` uses it' },
      ),
    ],
    docs: 'https://docs.estuary.dev',
    verified,
  },
};
