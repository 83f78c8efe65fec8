// Names of secrets as sources spell them, and the variables of servers they mean.
import t from 'tap';
import { builtInCatalog, foldName, normalizeNames } from '../src/catalog.ts';

const catalog = builtInCatalog();

t.test('names are folded', async (t) => {
  const cases: [string, string][] = [
    ['GITHUB_TOKEN', 'GITHUB_TOKEN'],
    ['mcp/github_token', 'GITHUB_TOKEN'],
    ['github.access-token', 'GITHUB_ACCESS_TOKEN'],
    ['GitHub/token', 'GITHUB_TOKEN'],
    ['N8N_KEY', 'N8N_KEY'],
    ['MCP_LINEAR_KEY', 'LINEAR_KEY'],
    ['MCP_', 'MCP'],
    ['__', ''],
  ];
  for (const [name, folded] of cases) t.equal(foldName(name), folded, name);
});

t.test('one name', async (t) => {
  const cases: [name: string, meaning: string | undefined, rule?: string][] = [
    ['GITHUB_PERSONAL_ACCESS_TOKEN', 'github GITHUB_PERSONAL_ACCESS_TOKEN', 'exact'],
    ['GITHUB_TOKEN', 'github GITHUB_PERSONAL_ACCESS_TOKEN', '*_TOKEN'],
    ['github/token', 'github GITHUB_PERSONAL_ACCESS_TOKEN', '*_TOKEN'],
    ['github.access_token', 'github GITHUB_PERSONAL_ACCESS_TOKEN', '*_ACCESS_TOKEN'],
    ['GITHUB_API_KEY', 'github GITHUB_PERSONAL_ACCESS_TOKEN', '*_API_KEY'],
    ['githubAccessToken', 'github GITHUB_PERSONAL_ACCESS_TOKEN', '*_ACCESS_TOKEN'],
    ['GitHub/token', 'github GITHUB_PERSONAL_ACCESS_TOKEN', '*_TOKEN'],
    ['lambdaLabs.apiKey', 'lambda-labs LAMBDA_API_KEY', '*_API_KEY'],
    ['GH_TOKEN', 'github GITHUB_PERSONAL_ACCESS_TOKEN', 'alias'],
    ['GITHUB_ENDPOINT', 'github GITHUB_HOST', '*_ENDPOINT'],
    ['SLACK_BOT_TOKEN', 'slack SLACK_MCP_XOXB_TOKEN', 'alias'],
    ['mcp/slack_bot_token', 'slack SLACK_MCP_XOXB_TOKEN', 'alias'],
    ['HUBSPOT_ACCESS_TOKEN', 'hubspot PRIVATE_APP_ACCESS_TOKEN', 'alias'],
    ['hubspot_token', 'hubspot PRIVATE_APP_ACCESS_TOKEN', '*_TOKEN'],
    ['QDRANT_BASE_URL', 'qdrant QDRANT_URL', '*_BASE_URL'],
    ['qdrant_host', 'qdrant QDRANT_URL', '*_HOST'],
    ['QDRANT_COLLECTION', 'qdrant COLLECTION_NAME', 'alias'],
    ['COLLECTION_NAME', 'qdrant COLLECTION_NAME', 'exact'],
    ['LAMBDA_LABS_API_KEY', 'lambda-labs LAMBDA_API_KEY', '*_API_KEY'],
    ['LAMBDA_API_KEY', 'lambda-labs LAMBDA_API_KEY', 'exact'],
    ['ESTUARY_FLOW_TOKEN', 'estuary-flow FLOW_AUTH_TOKEN', '*_TOKEN'],
    ['N8N_API_KEY', 'n8n N8N_API_KEY', 'exact'],
    ['N8N_BASE_URL', 'n8n N8N_API_URL', '*_BASE_URL'],
    ['linear_api_key', 'linear LINEAR_API_KEY', 'exact'],
    ['GONG_ACCESS_KEY', undefined],
    ['GONG_API_KEY', undefined],
    ['PATH', undefined],
    ['GITHUB', undefined],
    ['', undefined],
  ];
  for (const [name, meaning, rule] of cases) {
    const { matched, ambiguous, left } = normalizeNames([name], catalog);
    const [match] = matched;
    t.equal(match && `${match.server} ${match.variable}`, meaning, name);
    if (rule !== undefined) t.equal(match?.rule, rule, name);
    t.equal(matched.length + left.length, 1, `${name} is told of once`);
    t.same(ambiguous, []);
  }
});

t.test('what is left over says why, where it can', async (t) => {
  const { left } = normalizeNames(['GONG_API_KEY', 'GITHUB_CONFIG', 'HOME'], catalog);
  t.match(left, [
    { name: 'GONG_API_KEY', why: /gong reads no such variable.*catalog show gong/ },
    { name: 'GITHUB_CONFIG', why: /no whole configuration/ },
    { name: 'HOME' },
  ]);
  t.notOk(left[2]?.why);
});

t.test('a name that may mean two things means none', async (t) => {
  const { matched, ambiguous } = normalizeNames(['SLACK_TOKEN', 'N8N_TOKEN'], catalog);
  t.same(matched, []);
  t.match(ambiguous, [
    { names: ['SLACK_TOKEN'], meanings: ['slack SLACK_MCP_XOXP_TOKEN', 'slack SLACK_MCP_XOXB_TOKEN'], why: /rename it/ },
    { names: ['N8N_TOKEN'], meanings: ['n8n N8N_MCP_ACCESS_TOKEN', 'n8n N8N_API_KEY'] },
  ]);
});

t.test('of several names for one thing the surest counts, and a draw is told', async (t) => {
  const { matched, left } = normalizeNames(['GITHUB_TOKEN', 'GITHUB_PERSONAL_ACCESS_TOKEN', 'GH_TOKEN'], catalog);
  t.match(matched, [{ name: 'GITHUB_PERSONAL_ACCESS_TOKEN' }]);
  t.match(left, [{ name: 'GITHUB_TOKEN', why: /GITHUB_PERSONAL_ACCESS_TOKEN is taken/ }, { name: 'GH_TOKEN' }]);

  const draw = normalizeNames(['github/token', 'GITHUB_TOKEN'], catalog);
  t.same(draw.matched, []);
  t.match(draw.ambiguous, [
    { names: ['github/token', 'GITHUB_TOKEN'], meanings: ['github GITHUB_PERSONAL_ACCESS_TOKEN'], why: 'keep one of them' },
  ]);
});

t.test('every canonical name is understood: SERVER_API_KEY, SERVER_ENDPOINT', async (t) => {
  for (const [server, { offers }] of catalog) {
    const variables = new Map(offers.flatMap((offer) => offer.variables).map((variable) => [variable.name, variable]));
    for (const [field, ending] of [
      ['apiKey', 'API_KEY'],
      ['endpoint', 'ENDPOINT'],
    ] as const) {
      const wanted = [...variables.values()].filter((variable) => variable.field === field);
      const name = `${server.replaceAll('-', '_').toUpperCase()}_${ending}`;
      const { matched, ambiguous, left } = normalizeNames([name], catalog);
      if (variables.has(name)) t.match(matched, [{ variable: name, rule: 'exact' }], name);
      else if (wanted.length === 1) t.match(matched, [{ server, variable: wanted[0]?.name }], name);
      else t.equal((wanted.length === 0 ? left : ambiguous).length, 1, name);
    }
  }
});
