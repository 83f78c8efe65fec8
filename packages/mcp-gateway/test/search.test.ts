// Search: what words find among the real tools of three servers, and the surface that lists three tools instead of all.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import t from 'tap';
import { tokens, toolIndex } from '../src/catalog/search.ts';
import { bearer, newToken } from './fixtures/callers.ts';
import { type GatewayProcess, newFolder, startGateway } from './fixtures/gateway-process.ts';
import { servers } from './fixtures/rest-gateway.ts';
import { modern, send } from './fixtures/wire.ts';

const corpus = JSON.parse(readFileSync(new URL('fixtures/real-tools.json', import.meta.url), 'utf8')) as Record<
  string,
  { name: string }[]
>;
const all = Object.entries(corpus).flatMap(([server, tools]) =>
  tools.map((value) => ({ name: `${server}__${value.name}`, server, tool: value.name, value })),
);
const index = toolIndex(all);

const queries: [query: string, tool: string][] = [
  ['read a text file', 'filesystem__read_text_file'],
  ['show the contents of several files at once', 'filesystem__read_multiple_files'],
  ['look at an image or audio file', 'filesystem__read_media_file'],
  ['write a file', 'filesystem__write_file'],
  ['replace lines in a file', 'filesystem__edit_file'],
  ['make a new folder or directory', 'filesystem__create_directory'],
  ['list a directory', 'filesystem__list_directory'],
  ['how big are the files in a directory', 'filesystem__list_directory_with_sizes'],
  ['recursive tree as JSON', 'filesystem__directory_tree'],
  ['rename a file', 'filesystem__move_file'],
  ['find files matching a pattern', 'filesystem__search_files'],
  ['size and modification time metadata', 'filesystem__get_file_info'],
  ['which directories am I allowed to access', 'filesystem__list_allowed_directories'],
  ['create entities in the knowledge graph', 'memory__create_entities'],
  ['connect two entities with a relation', 'memory__create_relations'],
  ['remember an observation', 'memory__add_observations'],
  ['remove entities', 'memory__delete_entities'],
  ['readGraph', 'memory__read_graph'],
  ['search nodes', 'memory__search_nodes'],
  ['open nodes by their names', 'memory__open_nodes'],
  ['add two numbers sum', 'everything__get-sum'],
  ['environment variables', 'everything__get-env'],
  ['compress with gzip', 'everything__gzip-file-as-resource'],
  ['long running operation with progress', 'everything__trigger-long-running-operation'],
  ['ask the user for input by elicitation', 'everything__trigger-elicitation-request'],
  ['echo back a message', 'everything__echo'],
];
let gateway: GatewayProcess;
const folder = newFolder(t);
const files = newFolder(t);
t.before(async () => {
  const mcpServers = {
    filesystem: servers.filesystem(files),
    memory: servers.memory(join(folder, 'memory.jsonl')),
    everything: servers.everything(),
  };
  const groups = { small: { servers: ['memory', 'everything'], surface: 'search' as const, pinned: ['everything/echo'] } };
  gateway = await startGateway(t, { mcpServers, groups }, { folder });
});

for (const [query, tool] of queries) {
  t.test(query, async (t) => {
    const found = index.search(query, 5);
    t.ok(found.includes(tool), found.join(', '));
    t.same(toolIndex(all).search(query, 5), found, 'the same each time');
  });
}

t.test('nothing is found for words that stand nowhere', async (t) => t.same(index.search('zzzz', 5), []));

t.test('words', async (t) => {
  t.same(tokens('readTextFile'), tokens('read_text_file'));
  t.same(tokens('HTTPServer list-directories'), tokens('http server list directory'));
  t.same(tokens('the of'), []);
});

const textOf = (result: unknown) => ((result as { content: { text: string }[] }).content[0] as { text: string }).text;

for (const era of ['legacy', 'modern'] as const) {
  t.test(`a ${era} client finds, reads about and calls a tool`, async (t) => {
    const url = new URL(`${gateway.url}/mcp/search`);
    const info = { name: 'searcher', version: '1' };
    const client =
      era === 'legacy' ? new LegacyClient(info) : new ModernClient(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
    if (client instanceof LegacyClient) await client.connect(new LegacyTransport(url) as Transport);
    else await client.connect(new ModernTransport(url));
    const call = (name: string, args: Record<string, unknown>) => client.callTool({ name, arguments: args });
    t.same(
      (await client.listTools()).tools.map(({ name }) => name),
      ['tool_search', 'tool_describe', 'tool_call', 'result_read'],
    );
    t.match(textOf(await call('tool_search', { query: 'add two numbers' })), /^everything__get-sum: /m);
    const definition = JSON.parse(textOf(await call('tool_describe', { name: 'everything__get-sum' })));
    t.match(definition, { name: 'everything__get-sum', inputSchema: { required: ['a', 'b'] } });
    t.match(textOf(await call('tool_call', { name: 'everything__get-sum', arguments: { a: 2, b: 40 } })), /42/);
    const wrong = await call('tool_call', { name: 'everything__get-sun' });
    t.equal(wrong.isError, true);
    t.match(textOf(wrong), /did you mean "everything__get-sum"/);
    t.match(textOf(await call('tool_describe', { name: 'memory__read_grph' })), /did you mean "memory__read_graph"/);
    await client.close();
  });
}

const toolsAt = async (path: string, headers = {}) =>
  (await send(`${gateway.url}${path}`, modern('tools/list', {}, { headers }))).last;
const callAt = async (path: string, name: string, args: object, headers = {}) =>
  (await send(`${gateway.url}${path}`, modern('tools/call', { name, arguments: args }, { headers }))).last;

t.test('a group lists its pinned tools as well', async (t) => {
  const { tools } = (await toolsAt('/mcp/group/small')).result;
  t.same(
    tools.map(({ name }: { name: string }) => name),
    ['tool_search', 'tool_describe', 'tool_call', 'everything__echo', 'result_read'],
  );
  t.match(textOf((await callAt('/mcp/group/small', 'everything__echo', { message: 'hi' })).result), /hi/);
  t.match(textOf((await callAt('/mcp/group/small', 'tool_call', { name: 'filesystem__read_file' })).result), /unknown tool/);
});

t.test('the list of tools is small', async (t) => {
  const [direct, search] = [await toolsAt('/mcp'), await toolsAt('/mcp/search')].map(
    ({ result }) => JSON.stringify(result.tools).length,
  );
  t.comment(`tools/list of 40 tools: ${direct} bytes direct, ${search} bytes search`);
  t.ok((search as number) * 5 < (direct as number), `${search} of ${direct} bytes`);
});

t.test('what a caller may not call is not found, and not called', async (t) => {
  const headers = bearer(newToken(folder, { name: 'reader', servers: ['filesystem'], class: 'read' }));
  t.match(
    textOf((await callAt('/mcp/search', 'tool_search', { query: 'read a text file' }, headers)).result),
    /filesystem__read_text_file/,
  );
  t.notMatch(
    textOf((await callAt('/mcp/search', 'tool_search', { query: 'write file' }, headers)).result),
    /filesystem__write_file/,
  );
  const { error } = await callAt('/mcp/search', 'tool_call', { name: 'filesystem__write_file', arguments: {} }, headers);
  t.match(error, { message: /may not call/, data: { denied: true } });
  t.match(textOf((await callAt('/mcp/search', 'tool_call', { name: 'memory__read_graph' }, headers)).result), /unknown tool/);
});

t.test('a call stands in the record as the call of the tool itself', async (t) => {
  await callAt('/mcp/search', 'tool_call', { name: 'everything__echo', arguments: { message: 'recorded' } });
  const { activity } = (await (await fetch(`${gateway.url}/api/activity?tool=echo&server=everything`)).json()) as {
    activity: { method: string; outcome: string }[];
  };
  t.match(activity[0], { method: 'tools/call', outcome: 'ok' });
});
