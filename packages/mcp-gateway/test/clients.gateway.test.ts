// The real clients of both eras through a real gateway process, in front of servers of every kind: who can do what.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { exercise as exerciseLegacy } from './clients/legacy-client.ts';
import { exercise as exerciseModern } from './clients/modern-client.ts';
import { aggregated, type Report } from './clients/report.ts';
import { type Era, eras } from './fixtures/conformance-upstream/era.ts';
import { overStdio, startFixture } from './fixtures/conformance-upstream/start.ts';
import { newFolder, startGateway } from './fixtures/gateway-process.ts';

const clients = [
  { client: 'legacy', exercise: exerciseLegacy, protocolVersion: '2025-11-25' },
  { client: 'modern', exercise: exerciseModern, protocolVersion: '2026-07-28' },
] as const;

const dynamicTool = 'test_dynamic_tool';

t.jobs = 3;
for (const era of eras) {
  for (const transport of ['http', 'stdio'] as const) {
    t.test(`a ${era} server over ${transport}`, { buffered: true }, async (t) => {
      const gateway = await startGateway(t, { mcpServers: { up: await server(t, era, transport) } });
      for (const { client, exercise, protocolVersion } of clients) {
        for (const path of ['/mcp/up', '/mcp'] as const) {
          await t.test(`${client} client at ${path}`, async (t) => {
            const names = path === '/mcp' ? aggregated('up') : {};
            await hidden(gateway.url);
            const report = await exercise(`${gateway.url}${path}`, { names });
            t.equal(report.protocolVersion, protocolVersion);
            complete(t, report, path === '/mcp' ? 'up__' : '');
            // One stdio process speaks one era, so a server of both runs twice. What is published of several servers is what
            // the stateless process lists, and that one did not change.
            const elsewhere = era === 'dual' && transport === 'stdio' && client === 'legacy' && path === '/mcp';
            t.same(report.listChange, elsewhere ? undefined : [names.tool?.(dynamicTool) ?? dynamicTool]);
          });
        }
      }
      const errors = gateway.log().filter(({ level }) => level === 'error' || level === 'warn');
      t.same(errors, [], 'nothing was worth a warning');
    });
  }
}

/** Resolves when the gateway has heard that the exercise before this one hid the tool again. */
async function hidden(url: string): Promise<void> {
  const listed = async () => (await (await fetch(`${url}/api/tools?server=up`)).text()).includes(`"${dynamicTool}"`);
  while (await listed()) await sleep(10);
}

async function server(t: Test, era: Era, transport: 'http' | 'stdio') {
  if (transport === 'stdio') return overStdio(era, join(newFolder(t), 'journal'));
  const fixture = await startFixture(era);
  t.teardown(() => fixture.stop());
  return { url: fixture.url };
}

function complete(t: Test, report: Report, prefix: string): void {
  t.ok(report.tools.includes(`${prefix}test_simple_text`));
  t.notOk(report.tools.includes(`${prefix}${dynamicTool}`), 'not listed before it is shown');
  t.ok(report.resources.includes('test://static-text'));
  t.ok(report.prompts.includes(`${prefix}test_prompt_with_arguments`));
  t.same(report.said, {
    tool: 'This is a simple text response for testing.',
    resource: 'This is the content of the static text resource.',
    prompt: "Prompt with arguments: arg1='hello', arg2='world'",
  });
  t.same(report.completion, ['paris', 'park', 'party']);
  t.same(report.progress, [0, 50, 100]);
  t.type(report.cancel.seenUpstreamAfterMs, 'number', 'the server saw the cancellation');
  t.same(report.elicitation.times, 1);
  t.match(report.elicitation.result, /action=accept.*ada@example\.com/);
  t.same(report.sampling, { times: 1, result: 'LLM response: Paris, of course.' });
  t.same(report.roots, { times: 1, result: 'Roots: file:///srv/project' });
  t.same(report.logs, ['Tool execution started', 'Tool processing data', 'Tool execution completed']);
  const [before, after] = [report.update?.before, report.update?.after].map((text) =>
    Number(/^Revision (\d+)$/.exec(text ?? '')?.[1]),
  );
  t.equal(after, Number(before) + 1, 'told of the update and read it');
}
