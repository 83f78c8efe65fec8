/** Who may know whom, checked over the whole repository; and the check itself, on sources that break each rule. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { breaches, importsOf, type SourceFile } from './fixtures/import-rules.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

t.test('the repository keeps the rules', async (t) => {
  const files: SourceFile[] = globSync('packages/*/src/**/*.{ts,mts,js,mjs}', { cwd: ROOT }).map((path) => ({
    path,
    text: readFileSync(join(ROOT, path), 'utf8'),
  }));
  t.ok(
    files.some(({ path }) => path === 'packages/kit/src/index.ts'),
    'the walk finds files',
  );
  t.ok(
    files.some(({ text }) => importsOf(text).includes('node:fs')),
    'and their imports',
  );
  t.same(breaches(files), []);
});

t.test('imports are found in every form', async (t) => {
  const text = `
    import a from 'a';
    import { b,
      type B } from "b";
    import type { C } from 'c';
    import 'd';
    export * from 'e';
    export { f } from 'f';
    const g = await import('g');
    import h, * as H from 'h';
    const i = require('i');
    // import 'not-1';
    /* import 'not-2'; */
    export const text = 'from here'; const from = 'not-3';
  `;
  t.same(importsOf(text).toSorted(), ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']);
});

t.test('what breaks a rule is named', async (t) => {
  const cases: [path: string, text: string, complaint: RegExp][] = [
    [
      'packages/triage/src/main.ts',
      "import { x } from '@switchyard/mcp-gateway';",
      /a daemon never imports another daemon, but @switchyard\/mcp-gateway/,
    ],
    ['packages/triage/src/main.ts', "await import('@switchyard/ai-inference');", /a daemon never imports another daemon/],
    [
      'packages/triage/src/a/b.ts',
      "import type { X } from '../../../discovery/src/x.ts';",
      /a daemon never imports another daemon/,
    ],
    ['packages/kit/src/a.ts', "import { x } from '@switchyard/dialects';", /kit imports nothing of ours/],
    ['packages/kit/src/a.ts', "export * from '../../dialects/src/sse.ts';", /kit imports nothing of ours/],
    ['packages/kit/src/a.ts', "import 'switchyard';", /kit imports nothing of ours/],
    ['packages/dialects/src/a.ts', "import { x } from '@switchyard/kit';", /dialects imports nothing of ours/],
    [
      'packages/dialects/src/a.ts',
      "import { readFile } from 'node:fs/promises';",
      /dialects does no I\/O, but imports node:fs\/promises/,
    ],
    ['packages/dialects/src/a.ts', "import net from 'net';", /dialects does no I\/O/],
    [
      'packages/switchyard/src/up.ts',
      "import { x } from '@switchyard/mcp-gateway/src/app.ts';",
      /daemons are imported by their entry only/,
    ],
    ['packages/switchyard/src/up.ts', "import { x } from '../../mcp-gateway/src/app.ts';", /imported by its name/],
    ['packages/agent-config/src/string-utils.ts', '', /the name string-utils\.ts says nothing/],
    ['packages/agent-config/src/common.ts', '', /the name common\.ts says nothing/],
    ['packages/agent-config/src/server-manager.ts', '', /says nothing/],
    ['packages/kit/src/a.ts', '// for every tool', /"tool"/],
    ['packages/kit/src/a.ts', 'const modelName = 1;', /"model"/],
    ['packages/kit/src/a.ts', 'function listTools() {}', /"Tools"/],
    ['packages/kit/src/a.ts', 'class McpServer {}', /"Mcp"/],
    ['packages/kit/src/a.ts', 'const MCP_PATH = 1;', /"MCP"/],
  ];
  for (const [path, text, complaint] of cases) {
    const found = breaches([{ path, text }]);
    t.equal(found.length, 1, `${path}: ${text}`);
    t.match(found[0], complaint);
    t.ok(found[0]?.startsWith(`${path}: `));
  }
});

t.test('what keeps the rules is left alone', async (t) => {
  const cases: [path: string, text: string][] = [
    ['packages/triage/src/main.ts', "import { runDaemonMain } from '@switchyard/kit'; import { x } from '@switchyard/dialects';"],
    ['packages/triage/src/a/b.ts', "import { x } from '../c.ts'; import '@switchyard/kit/http-client';"],
    [
      'packages/switchyard/src/up.ts',
      "import { x } from '@switchyard/mcp-gateway'; import { y } from '@switchyard/kit/service';",
    ],
    ['packages/dialects/src/a.ts', "import { createHash } from 'node:crypto'; import { z } from 'zod';"],
    ['packages/kit/src/a.ts', '// a toolchain to remodel; commcp'],
    ['packages/kit/src/commons.ts', ''],
    ['packages/mcp-gateway/src/tool.ts', 'const tool = model;'],
  ];
  for (const [path, text] of cases) t.same(breaches([{ path, text }]), [], `${path}: ${text}`);
});
