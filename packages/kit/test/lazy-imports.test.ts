/** A daemon must answer soon after its start, so the kit's entry may load nothing heavy. */
import { execFileSync } from 'node:child_process';
import t from 'tap';

const loadedBy = (code: string): string[] => {
  const hook = `
    import { registerHooks } from 'node:module';
    const seen = [];
    registerHooks({ resolve: (name, context, next) => { const found = next(name, context); seen.push(found.url); return found; } });
    ${code}
    console.log(JSON.stringify(seen));`;
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', hook], { cwd: import.meta.dirname, encoding: 'utf8' }),
  );
};
const heavy = (urls: string[]): string[] => [
  ...new Set(urls.flatMap((url) => /\/node_modules\/(undici|prom-client|hono)\//.exec(url)?.[1] ?? [])),
];

t.test('the entry loads neither undici nor prom-client', async (t) => {
  const loaded = loadedBy(`await import('@switchyard/kit');`);
  t.ok(loaded.some((url) => url.endsWith('/service.ts')));
  t.same(heavy(loaded), []);
});

t.test('they come with the first use', async (t) => {
  t.same(heavy(loadedBy(`const { createMetrics } = await import('@switchyard/kit'); await createMetrics();`)), ['prom-client']);
  const request = `const { createHttpClient } = await import('@switchyard/kit'); await createHttpClient().request('http://127.0.0.1:1').catch(() => {});`;
  t.same(heavy(loadedBy(request)), ['undici']);
});
