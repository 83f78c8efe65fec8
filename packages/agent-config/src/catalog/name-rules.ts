/** How names of secrets are read. Data only: what they end in, and what that is. A name's beginning says the service. */
import type { VariableField } from './entry.ts';

export interface NameRule {
  field: VariableField;
  /** Endings after the service's name, the most telling first. Compared after folding: `github.access-token` is GITHUB_ACCESS_TOKEN. */
  endings: readonly string[];
}

export const nameRules: readonly NameRule[] = [
  {
    field: 'apiKey',
    endings: [
      'API_KEY',
      'APIKEY',
      'API_TOKEN',
      'PERSONAL_ACCESS_TOKEN',
      'ACCESS_TOKEN',
      'BOT_TOKEN',
      'AUTH_TOKEN',
      'TOKEN',
      'CREDENTIAL',
      'KEY',
    ],
  },
  { field: 'endpoint', endings: ['ENDPOINT', 'BASE_URL', 'API_URL', 'URL', 'HOSTNAME', 'HOST'] },
  { field: 'config', endings: ['CONFIG', 'CONFIGURATION'] },
];

/** What people put before the service's name. */
export const ignoredBeginnings: readonly string[] = ['MCP_SERVERS_', 'MCP_SECRETS_', 'MCP_', 'SECRETS_'];
