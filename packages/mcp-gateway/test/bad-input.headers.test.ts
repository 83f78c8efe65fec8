// The header rules of 2026-07-28 (Streamable HTTP › Request Metadata, Value Encoding, Server Validation), cell by cell.
import type { OutgoingHttpHeaders } from 'node:http';
import t from 'tap';
import { metaKeys } from '../src/protocol/revision.ts';
import { overStdio } from './fixtures/conformance-upstream/start.ts';
import { type GatewayProcess, startGateway } from './fixtures/gateway-process.ts';
import { legacy, modern, type Sent, send } from './fixtures/wire.ts';

let gateway: GatewayProcess;
t.before(async () => {
  gateway = await startGateway(t, { mcpServers: { up: overStdio('dual') } });
});

const base64 = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`;
const tool = 'test_simple_text';
const list = (headers: OutgoingHttpHeaders, meta: object = {}) => modern('tools/list', {}, { headers, meta });
const call = (headers: OutgoingHttpHeaders, params: object = {}) =>
  modern('tools/call', { name: tool, arguments: {}, ...params }, { headers });
const mirrored = (args: object, headers: OutgoingHttpHeaders) =>
  modern('tools/call', { name: 'test_x_mcp_header', arguments: args }, { headers });
const without = (sent: Sent, members: string): Sent => {
  const message = JSON.parse(String(sent.body));
  delete message[members];
  return { ...sent, body: JSON.stringify(message) };
};

interface Case {
  what: string;
  sent: Sent;
  status: number;
  code?: number;
  says?: RegExp;
}

const versions: Case[] = [
  {
    what: 'no version header',
    sent: list({ 'mcp-protocol-version': undefined }),
    status: 400,
    code: -32020,
    says: /header is missing/,
  },
  {
    what: 'another version in the header',
    sent: list({ 'mcp-protocol-version': '2025-11-25' }),
    status: 400,
    code: -32020,
    says: /says 2025-11-25, params._meta says 2026-07-28/,
  },
  {
    what: 'the version header twice',
    sent: list({ 'mcp-protocol-version': ['2026-07-28', '2026-07-28'] }),
    status: 400,
    code: -32020,
  },
  { what: 'an empty version header', sent: list({ 'mcp-protocol-version': '' }), status: 400, code: -32020 },
  {
    what: 'a version nobody knows',
    sent: list({ 'mcp-protocol-version': '2031-01-01' }, { [metaKeys.protocolVersion]: '2031-01-01' }),
    status: 400,
    code: -32022,
  },
  {
    what: 'a handshake version in an envelope',
    sent: list({ 'mcp-protocol-version': '2025-11-25' }, { [metaKeys.protocolVersion]: '2025-11-25' }),
    status: 400,
    code: -32022,
  },
  {
    what: 'a version that is a number',
    sent: list({}, { [metaKeys.protocolVersion]: 2026 }),
    status: 400,
    code: -32602,
    says: /must be a string/,
  },
  {
    what: 'a handshake version nobody knows',
    sent: legacy('tools/list', {}, { 'mcp-protocol-version': '2023-01-01' }),
    status: 400,
    code: -32022,
  },
  {
    what: 'a version header that is no date',
    sent: legacy('tools/list', {}, { 'mcp-protocol-version': 'latest' }),
    status: 400,
    code: -32022,
  },
  {
    what: 'a handshake in the stateless revision',
    sent: legacy('initialize', { protocolVersion: '2025-11-25' }, { 'mcp-protocol-version': '2026-07-28' }),
    status: 400,
    code: -32020,
    says: /initialize belongs to revisions before/,
  },
  {
    what: 'a response in the stateless revision',
    sent: { ...legacy('', {}, { 'mcp-protocol-version': '2026-07-28' }), body: '{"jsonrpc":"2.0","id":1,"result":{}}' },
    status: 400,
    code: -32600,
    says: /do not send responses/,
  },
  { what: 'a notification in the stateless revision', sent: without(list({}), 'id'), status: 202 },
];

const envelopes: Case[] = [
  {
    what: 'no envelope',
    sent: legacy('tools/list', {}, { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' }),
    status: 400,
    code: -32602,
    says: /clientCapabilities/,
  },
  { what: 'no params at all', sent: without(list({}), 'params'), status: 400, code: -32602 },
  {
    what: 'no version in the envelope',
    sent: list({}, { [metaKeys.protocolVersion]: undefined }),
    status: 400,
    code: -32602,
    says: /protocolVersion/,
  },
  {
    what: 'no capabilities',
    sent: list({}, { [metaKeys.clientCapabilities]: undefined }),
    status: 400,
    code: -32602,
    says: /clientCapabilities.*required/,
  },
  { what: 'capabilities that are a list', sent: list({}, { [metaKeys.clientCapabilities]: [] }), status: 400, code: -32602 },
  {
    what: 'client info that is a text',
    sent: list({}, { [metaKeys.clientInfo]: 'me' }),
    status: 400,
    code: -32602,
    says: /clientInfo.*object/,
  },
  { what: 'no client info', sent: list({}, { [metaKeys.clientInfo]: undefined }), status: 200 },
  {
    what: 'a log level that is none',
    sent: list({}, { [metaKeys.logLevel]: 'loud' }),
    status: 400,
    code: -32602,
    says: /not a log level/,
  },
];

const methods: Case[] = [
  {
    what: 'no method header',
    sent: list({ 'mcp-method': undefined }),
    status: 400,
    code: -32020,
    says: /Mcp-Method header is missing/,
  },
  {
    what: 'another method in the header',
    sent: list({ 'mcp-method': 'prompts/list' }),
    status: 400,
    code: -32020,
    says: /says prompts\/list, the body says tools\/list/,
  },
  { what: 'a method in other case', sent: list({ 'mcp-method': 'Tools/List' }), status: 400, code: -32020 },
  { what: 'space around the method', sent: list({ 'mcp-method': ' tools/list ' }), status: 200 },
];

const names: Case[] = [
  {
    what: 'no name header',
    sent: call({ 'mcp-name': undefined }),
    status: 400,
    code: -32020,
    says: /Mcp-Name header is missing; params.name is "test_simple_text"/,
  },
  {
    what: 'another name',
    sent: call({ 'mcp-name': 'test_image_content' }),
    status: 400,
    code: -32020,
    says: /says "test_image_content"/,
  },
  { what: 'the name in base64', sent: call({ 'mcp-name': base64(tool) }), status: 200 },
  { what: 'another name in base64', sent: call({ 'mcp-name': base64('x') }), status: 400, code: -32020 },
  {
    what: 'base64 without its padding',
    sent: call({ 'mcp-name': '=?base64?eA?=' }),
    status: 400,
    code: -32020,
    says: /not validly encoded/,
  },
  {
    what: 'base64 that is none',
    sent: call({ 'mcp-name': '=?base64?!!!!?=' }),
    status: 400,
    code: -32020,
    says: /not validly encoded/,
  },
  { what: 'base64 of bytes that are not UTF-8', sent: call({ 'mcp-name': '=?base64?/w==?=' }), status: 400, code: -32020 },
  {
    what: 'a plain name outside of ASCII',
    sent: call({ 'mcp-name': 'caf\u00e9' }, { name: 'caf\u00e9' }),
    status: 400,
    code: -32020,
  },
  {
    what: 'a name that looks encoded, sent plain',
    sent: call({ 'mcp-name': base64('x') }, { name: base64('x') }),
    status: 400,
    code: -32020,
  },
  {
    what: 'a name that looks encoded, sent encoded',
    sent: call({ 'mcp-name': base64(base64('x')) }, { name: base64('x') }),
    status: 200,
    code: -32602,
  },
  {
    what: 'a sentinel in upper case is a plain name',
    sent: call({ 'mcp-name': '=?BASE64?eA==?=' }, { name: 'x' }),
    status: 400,
    code: -32020,
  },
  {
    what: 'a resource without its header',
    sent: modern('resources/read', { uri: 'test://static-text' }, { headers: { 'mcp-name': undefined } }),
    status: 400,
    code: -32020,
    says: /params.uri/,
  },
  {
    what: 'another resource',
    sent: modern('resources/read', { uri: 'test://static-text' }, { headers: { 'mcp-name': 'test://x' } }),
    status: 400,
    code: -32020,
  },
  {
    what: 'a prompt without its header',
    sent: modern('prompts/get', { name: 'test_simple_prompt' }, { headers: { 'mcp-name': undefined } }),
    status: 400,
    code: -32020,
  },
  { what: 'a name header where none belongs', sent: list({ 'mcp-name': 'x' }), status: 200 },
];

const parameters: Case[] = [
  { what: 'a mirrored argument', sent: mirrored({ region: 'eu' }, { 'mcp-param-region': 'eu' }), status: 200 },
  {
    what: 'a mirrored argument in base64',
    sent: mirrored({ region: 'Zürich' }, { 'mcp-param-region': base64('Zürich') }),
    status: 200,
  },
  {
    what: 'a mirrored argument without its header',
    sent: mirrored({ region: 'eu' }, {}),
    status: 400,
    code: -32020,
    says: /argument region is present but the header mcp-param-region is missing/,
  },
  {
    what: 'another value in the header',
    sent: mirrored({ region: 'eu' }, { 'mcp-param-region': 'us' }),
    status: 400,
    code: -32020,
  },
  { what: 'a header without its argument', sent: mirrored({}, { 'mcp-param-region': 'eu' }), status: 400, code: -32020 },
  {
    what: 'a header that is badly encoded',
    sent: mirrored({ region: 'eu' }, { 'mcp-param-region': '=?base64?%?=' }),
    status: 400,
    code: -32020,
  },
  { what: 'neither', sent: mirrored({ level: 1 }, {}), status: 200 },
];

for (const { what, sent, status, code, says } of [...versions, ...envelopes, ...methods, ...names, ...parameters]) {
  t.test(what, async (t) => {
    const answer = await send(`${gateway.url}/mcp/up`, sent);
    t.equal(answer.status, status, answer.text);
    t.equal(answer.last.error?.code, code);
    if (says) t.match(answer.last.error?.message, says);
    if (status === 400) t.equal(answer.last.id, 1, 'the answer names the request');
    if (code === -32022) t.match(answer.last.error?.data, { supported: ['2026-07-28'], requested: String });
  });
}

t.test('an aggregated endpoint checks the public name, and mirrors what the server declared', async (t) => {
  const args = { name: 'up__test_x_mcp_header', arguments: { region: 'eu' } };
  const good = await send(`${gateway.url}/mcp`, modern('tools/call', args, { headers: { 'mcp-param-region': 'eu' } }));
  t.match(good.last.result?.content[0]?.text, /"region":"eu"/);
  const bad = await send(`${gateway.url}/mcp`, modern('tools/call', args, { headers: { 'mcp-name': 'test_x_mcp_header' } }));
  t.match(bad, { status: 400, last: { error: { code: -32020 } } });
});
