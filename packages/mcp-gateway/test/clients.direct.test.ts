// The real clients against the fixture with nothing in between: when a test of the gateway fails, these say who is to blame.
import t, { type Test } from 'tap';
import { exercise as exerciseLegacy } from './clients/legacy-client.ts';
import { exercise as exerciseModern } from './clients/modern-client.ts';
import type { Report } from './clients/report.ts';
import { startFixture } from './fixtures/conformance-upstream/start.ts';

const cases = [
  {
    client: 'legacy',
    exercise: exerciseLegacy,
    protocolVersion: '2025-11-25',
    eras: ['dual', '2025'],
    refused: '2026',
    because: /Unsupported protocol version/,
  },
  {
    client: 'modern',
    exercise: exerciseModern,
    protocolVersion: '2026-07-28',
    eras: ['dual', '2026'],
    refused: '2025',
    because: /did not offer|negotiation/i,
  },
] as const;

for (const { client, exercise, protocolVersion, eras, refused, because } of cases) {
  for (const era of eras) {
    t.test(`a ${client} client does everything with a ${era} server`, async (t) => {
      const fixture = await startFixture(era);
      t.teardown(() => fixture.stop());
      const report = await exercise(fixture.url);
      t.equal(report.protocolVersion, protocolVersion);
      complete(t, report);
    });
  }

  t.test(`a ${refused} server refuses a ${client} client`, async (t) => {
    const fixture = await startFixture(refused);
    t.teardown(() => fixture.stop());
    await t.rejects(exercise(fixture.url), { message: because });
  });
}

function complete(t: Test, report: Report): void {
  t.ok(report.tools.includes('test_simple_text'));
  t.notOk(report.tools.includes('test_dynamic_tool'), 'not listed before it is shown');
  t.ok(report.resources.includes('test://static-text'));
  t.ok(report.prompts.includes('test_prompt_with_arguments'));
  t.same(report.said, {
    tool: 'This is a simple text response for testing.',
    resource: 'This is the content of the static text resource.',
    prompt: "Prompt with arguments: arg1='hello', arg2='world'",
  });
  t.same(report.completion, ['paris', 'park', 'party']);
  t.same(report.progress, [0, 50, 100]);
  t.ok(report.cancel.rejectedAfterMs < 500, `rejected after ${report.cancel.rejectedAfterMs} ms`);
  t.ok((report.cancel.seenUpstreamAfterMs ?? Number.NaN) < 1_000, `seen after ${report.cancel.seenUpstreamAfterMs} ms`);
  t.same(report.elicitation.times, 1);
  t.match(report.elicitation.result, /action=accept.*ada@example\.com/);
  t.same(report.sampling, { times: 1, result: 'LLM response: Paris, of course.' });
  t.same(report.roots, { times: 1, result: 'Roots: file:///srv/project' });
  t.same(report.logs, ['Tool execution started', 'Tool processing data', 'Tool execution completed']);
  t.same(report.update, { before: 'Revision 0', after: 'Revision 1' });
  t.same(report.listChange, ['test_dynamic_tool']);
}
