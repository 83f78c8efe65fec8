// `switchyard config taskmaster`: what it writes, and Task Master itself through a real router, where it is installed (TASKMASTER_BIN).
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import t from 'tap';
import { sendJson, serveJson } from '../../agent-config/test/fixtures/answering.ts';
import { startRouter } from '../../ai-inference/test/fixtures/router-process.ts';
import { cliFor } from './fixtures/run-cli.ts';

t.setTimeout(600_000);

const router = 'http://127.0.0.1:8765/v1';

t.test('a new file, and one that is there', { timeout: 300_000 }, async (t) => {
  const cli = cliFor(t);
  const file = join(cli.home, '.taskmaster/config.json');
  const run = (...args: string[]) => cli.run(['config', 'taskmaster', ...args]);
  t.match(await run(), { status: 64, stderr: /models\.main\.modelId: no model; name one with --model/ });
  t.match(await run('--model', 'auto', '--dry-run'), { status: 0, stdout: /\+.*"openai-compatible"/ });
  t.match(await run('--model', 'auto', '--research-model', 'openrouter/perplexity/sonar-pro'), { status: 0, stdout: /written/ });
  const role = { provider: 'openai-compatible', baseURL: router, maxTokens: 64_000, temperature: 0.2 };
  t.strictSame(JSON.parse(readFileSync(file, 'utf8')), {
    models: {
      main: { ...role, modelId: 'auto' },
      research: { ...role, modelId: 'openrouter/perplexity/sonar-pro' },
      fallback: { ...role, modelId: 'auto' },
    },
    global: { anonymousTelemetry: false },
  });
  t.match(await run(), { status: 0, stdout: /up to date/ }, 'its models are kept');

  const foreign = {
    models: {
      main: { provider: 'anthropic', modelId: 'claude-3-7-sonnet-20250219', maxTokens: 1000, temperature: 0.9, extra: [1] },
      custom: { a: 1 },
    },
    global: { projectName: 'x', anonymousTelemetry: true, defaultTag: 'master' },
    other: { b: 2 },
  };
  writeFileSync(file, JSON.stringify(foreign, null, '\t'));
  const options = ['--model', 'm', '--max-tokens', '8000', '--temperature', '0', '--subtasks', '3', '--priority', 'high'];
  t.match(await run(...options, '--url', 'http://10.0.0.1:1/'), { status: 0 });
  const text = readFileSync(file, 'utf8');
  t.match(JSON.parse(text), {
    models: {
      main: {
        provider: 'openai-compatible',
        modelId: 'm',
        maxTokens: 8000,
        temperature: 0,
        extra: [1],
        baseURL: 'http://10.0.0.1:1/v1',
      },
      custom: { a: 1 },
    },
    global: { projectName: 'x', anonymousTelemetry: false, defaultTag: 'master', defaultSubtasks: 3, defaultPriority: 'high' },
    other: { b: 2 },
  });
  t.match(text, /^\{\n\t"models"/, 'its layout stays');

  writeFileSync(file, '{"models": [');
  t.match(await run('--model', 'm'), { status: 78, stderr: /config\.json:1:\d+/ });
  for (const wrong of [['--max-tokens', 'many'], ['--temperature', '9'], ['--priority', 'urgent'], ['--modle', 'x'], ['here']]) {
    t.match(await run('--model', 'm', ...wrong), { status: 64 }, wrong.join(' '));
  }
  const elsewhere = join(cli.home, 'p2');
  mkdirSync(join(elsewhere, '.taskmaster'), { recursive: true });
  symlinkSync(join(cli.home, 'gone.json'), join(elsewhere, '.taskmaster/config.json'));
  t.match(await run('--model', 'm', '--project', elsewhere), { status: 78, stderr: /link to a file that does not exist/ });
});

const program = process.env.TASKMASTER_BIN;
t.test(
  'Task Master adds a task through the router',
  { timeout: 300_000, skip: program ? false : 'TASKMASTER_BIN does not name an installed task-master-ai' },
  async (t) => {
    const task = {
      title: 'Wash the car',
      description: 'With soap',
      details: 'All of it',
      testStrategy: 'Look',
      dependencies: [],
    };
    const model = await serveJson(t, ({ path }, response) => {
      if (path.endsWith('/models')) return sendJson(response, 200, { object: 'list', data: [{ id: 'loop-1', object: 'model' }] });
      sendJson(response, 200, {
        id: 'x',
        object: 'chat.completion',
        created: 1,
        model: 'loop-1',
        choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: JSON.stringify(task) } }],
        usage: { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20 },
      });
    });
    const { url } = await startRouter(
      t,
      { providers: { loop: { baseUrl: `${model.url}/v1`, apiKey: '${env:LOOP_KEY}' } } },
      { env: { LOOP_KEY: 'loop-key-1' } },
    );
    const cli = cliFor(t);
    const tasks = join(cli.home, '.taskmaster/tasks/tasks.json');
    mkdirSync(dirname(tasks), { recursive: true });
    writeFileSync(
      tasks,
      JSON.stringify({ master: { tasks: [], metadata: { created: '2026-01-01T00:00:00Z', updated: '2026-01-01T00:00:00Z' } } }),
    );
    t.match(await cli.run(['config', 'taskmaster', '--model', 'loop/loop-1', '--url', url]), { status: 0 });

    const client = new Client({ name: 'test', version: '1.0.0' });
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [program ?? ''],
      cwd: cli.home,
      stderr: 'ignore',
      env: { ...getDefaultEnvironment(), HOME: cli.home, TASK_MASTER_TOOLS: 'standard', OPENAI_COMPATIBLE_API_KEY: 'anything' },
    });
    t.teardown(() => client.close());
    await client.connect(transport, { timeout: 300_000 });
    const result = await client.callTool(
      { name: 'add_task', arguments: { projectRoot: cli.home, prompt: 'wash the car' } },
      { timeout: 300_000 },
    );
    t.notOk(result.isError, JSON.stringify(result.content));
    t.match(JSON.parse(readFileSync(tasks, 'utf8')), { master: { tasks: [{ title: task.title }] } });

    const calls = model.seen.filter(({ path }) => path.endsWith('/chat/completions'));
    t.ok(calls.length > 0, 'the model was asked');
    for (const { headers } of calls) {
      t.equal(headers.authorization, 'Bearer loop-key-1', 'with the key of the router');
      t.same(
        Object.keys(headers).filter((name) => /sentry|baggage/.test(name)),
        [],
        'telemetry stays here',
      );
    }
  },
);
