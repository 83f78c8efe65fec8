// Files as they are found in the wild. What is imported from one and generated for it again changes nothing; what is put in and
// taken out leaves every other byte; what is broken is refused with its place and left as it is.
import { copyFileSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { type AgentName, agents } from '../src/agents.ts';
import { changeText } from '../src/change.ts';
import { parseDeclaration } from '../src/declaration.ts';
import type { Machine } from '../src/environments/machine.ts';
import { foldServers } from '../src/importing/folded.ts';
import { type FoundServer, findServers } from '../src/importing/found-server.ts';
import { planAgent } from '../src/plan.ts';
import { BrokenFileError, changesOf } from '../src/sync.ts';

const shapes = join(import.meta.dirname, 'fixtures', 'shapes');
const files = globSync('*/*', { cwd: shapes }).toSorted();
t.ok(files.length >= 60, `${files.length} shapes`);

const sources = { program: ['/usr/bin/switchyard'] as const, readToken: () => '' };

for (const shape of files) {
  t.test(shape, async (t) => {
    const name = dirname(shape) as AgentName;
    const agent = agents[name];
    const home = t.testdir({ project: {} });
    const machine: Machine = { environment: 'linux', home, projectRoot: join(home, 'project'), env: {} };
    const place = agent.places[0];
    const paths = place?.paths(machine) ?? [];
    const path = paths.find((each) => each.endsWith('c') === shape.endsWith('c')) ?? (paths[0] as string);
    mkdirSync(dirname(path), { recursive: true });
    copyFileSync(join(shapes, shape), path);
    const text = readFileSync(path, 'utf8');
    const gateway = planAgent(parseDeclaration({ agents: { [name]: {} } }, 'test'), name, { ...sources, machine });
    const scope = { machine, declaration: 'test', stateFile: join(home, 'state.json'), agents: [name], force: false };
    const found = findServers(machine, [name]);
    const [change] = changesOf([gateway], scope);

    if (basename(shape).startsWith('broken-')) {
      t.ok(change instanceof BrokenFileError, 'it is refused');
      t.match(
        (change as Error).message,
        basename(shape).includes('utf16') ? /is not UTF-8/ : /:\d+:\d+: /,
        (change as Error).message,
      );
      t.same(readFileSync(path), readFileSync(join(shapes, shape)), 'and left alone');
      if (!/servers-list|map\.yaml/.test(shape)) t.match(found.problems[0], /:\d+:\d+: |is not UTF-8/);
      return;
    }

    // Import, declare, generate: the same file.
    const roots = new Set(found.servers.map(({ root }) => JSON.stringify(root)));
    for (const root of roots)
      stable(
        t,
        found.servers.filter((each) => JSON.stringify(each.root) === root),
        name,
        machine,
        text,
      );

    // Our entry goes in and out.
    if (change === undefined || change instanceof Error) return t.fail(String(change));
    change.apply();
    const withOurs = readFileSync(path, 'utf8');
    t.equal(
      changesOf([gateway], scope)
        .map((each) => (each instanceof Error ? each.message : each.after === each.before))
        .join(),
      'true',
      'a second run writes nothing',
    );
    const [removal] = changesOf([], scope);
    if (removal === undefined || removal instanceof Error) return t.fail(String(removal));
    removal.apply();
    const after = readFileSync(path, 'utf8');
    const had = found.servers.some(
      ({ root }) => JSON.stringify(root) === JSON.stringify(gateway.at(agentContent(text, agent.format)).root),
    );
    if (had) t.equal(after, text, 'put in and taken out, the file is what it was');
    t.same(after.match(/(?:#|\/\/).*/g), text.match(/(?:#|\/\/).*/g), 'comments');
    t.ok(isWithin(kept(text), kept(withOurs)), 'nothing is lost with our entry in it');
    t.ok(isWithin(kept(text), kept(after)), 'nothing is lost after it');
  });
}

function agentContent(text: string, format: 'json' | 'toml' | 'yaml'): unknown {
  return format === 'json' && text.includes('"servers"') && text.includes('"mcp"') ? JSON.parse(text) : {};
}

/** Every server of one place in the file, imported and generated again. */
function stable(t: Test, servers: readonly FoundServer[], name: AgentName, machine: Machine, text: string): void {
  const agent = agents[name];
  const [first] = servers as [FoundServer];
  for (const server of servers) {
    const { mcpServers, secrets, notes } = foldServers([server], {}, (file) => `\${file:/secrets/${file}}`);
    t.same(secrets, [], `${server.name}: no key is seen where none is`);
    t.same(notes, []);
    const [declared] = Object.values(mcpServers);
    if (declared?.disabled === true) declared.disabled = false;
    if (declared?.url?.startsWith('unix:')) continue;
    const declaration = parseDeclaration({ mcpServers, agents: { [name]: { mode: 'direct' } } }, 'test');
    const plan = planAgent(declaration, name, { ...sources, machine });
    const wanted = plan.entries.map(({ fields }) => ({ name: server.name, fields }));
    const at = { ...agent.entries, root: first.root };
    const { changes, text: next } = changeText(agent, text, () => at, wanted, {}, false);
    if (server.entry.disabled === true) continue;
    t.same(changes, [{ name: server.name, kind: 'same' }], `${server.name} is generated as it was`);
    t.equal(next, text);
  }
}

/** What must not go: all but blanks, and the words for "nothing" that give way to an entry. */
function kept(text: string): string {
  return text.replace(/\b(?:null)\b|\[\]$/gm, '').replace(/\s/g, '');
}

function isWithin(part: string, whole: string): boolean {
  let at = 0;
  for (const letter of part) {
    at = whole.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
