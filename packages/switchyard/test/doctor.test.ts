// `switchyard doctor` on a machine where everything works, and on one where one thing at a time is broken.
import t from 'tap';
import { checkNode } from '../src/commands/doctor/node.ts';
import { faults } from './fixtures/doctor-faults.ts';
import { healthyMachine, planted } from './fixtures/healthy-machine.ts';

t.setTimeout(600_000);

interface Finding {
  level: string;
  code: string;
  what: string;
  remedy?: string;
}

t.test('each fault is found, named and has a remedy', { timeout: 600_000 }, async (t) => {
  const machine = await healthyMachine(t);
  const { cli, env } = machine;
  const doctor = async (args: string[] = [], more: NodeJS.ProcessEnv = {}) => {
    const { status, stdout, stderr } = await cli.run(['doctor', '--json', ...args], { ...env, ...more });
    t.match(stdout, /^\[/, stderr);
    t.notMatch(stdout + stderr, planted, 'no secret is shown');
    return { status, findings: JSON.parse(stdout || '[]') as Finding[] };
  };
  const before = await doctor();
  t.same(
    before.findings.filter(({ level }) => level !== 'ok').map(({ code, what }) => `${code}: ${what}`),
    [],
    'the machine is healthy',
  );
  t.equal(before.status, 0);
  t.match((await cli.run(['doctor'], env)).stdout, /Everything that matters works\.\n$/);

  t.ok(faults.length >= 25, `${faults.length} faults`);
  for (const { code, remedy, level = 'bad', plant } of faults) {
    const { env: more, args, undo } = await plant(machine, t);
    const { status, findings } = await doctor(args, more);
    const found = findings.find((one) => one.code === code);
    t.match(
      found,
      { level, remedy },
      `${code} among ${findings
        .filter((one) => one.level !== 'ok')
        .map((one) => `${one.code} (${one.what})`)
        .join(', ')}`,
    );
    if (level === 'bad') t.equal(status, 1, `${code}: the exit code tells`);
    await undo?.();
  }
  const after = await doctor();
  t.equal(after.status, 0, 'and healthy again');
});

t.test('an old Node', async (t) => {
  for (const version of ['18.20.0', '22.18.9'])
    t.match(checkNode(version), [{ level: 'bad', code: 'node-old', remedy: /22\.19/ }], version);
  for (const version of ['22.19.0', '24.0.0']) t.match(checkNode(version), [{ level: 'ok' }], version);
});
