/** `switchyard config validate`: a row for each declared server, and an exit code for CI. */
import { maskKeys } from '@switchyard/agent-config/key-shapes';
import { judge, lookUp, type ProbeResult, type ServerRow } from '@switchyard/agent-config/validation';
import { catalogFrom } from '../../catalog-file.ts';
import { type Command, CommandError } from '../../command.ts';
import { readFlags } from '../../flags.ts';
import { probeDeclared } from '../../probe-declared.ts';
import { sourceFlag, sourceHelp, withSources } from '../../secret-sources.ts';
import { renderTable } from '../../table.ts';
import { declarationOf } from './declared.ts';

const defaultProbeSeconds = 60;

export const command: Command = {
  usage: `config validate [--config FILE] [--env NAME] [--source SOURCE]… [--probe [--timeout SECONDS]] [--json]

Says of every declared server whether it can work: its references, what the catalog knows, and, with --probe, what it answers.
Values are never shown. Exit code 0 when all are valid, 1 when one is not, 69 when a source of secrets can not be reached.

--config FILE        the declaration. Default: switchyard/config.json in $XDG_CONFIG_HOME (~/.config)
--env NAME           apply the overlay environments.NAME
--source SOURCE      look for \${env:…} there and not in this process; may be given several times:
${sourceHelp}
--probe              start or reach each server and list its tools
--timeout SECONDS    longest wait for one server. Default: ${defaultProbeSeconds}
--catalog FILE       changes to the catalog. Default: switchyard/catalog.json in $XDG_CONFIG_HOME`,
  async run(args) {
    const { values } = readFlags(args, {
      ...sourceFlag,
      config: { type: 'string' },
      env: { type: 'string' },
      probe: { type: 'boolean' },
      timeout: { type: 'string' },
      catalog: { type: 'string' },
      json: { type: 'boolean' },
    } as const);
    const timeoutMs = secondsOf(values.timeout) * 1000;
    const { declaration } = await declarationOf(values);
    const catalog = await catalogFrom(values.catalog);
    return withSources(values.source ?? [], process.env, async (sources, context) => {
      const found = await lookUp(declaration, sources, catalog, context);
      const probes = values.probe
        ? await probeDeclared(declaration, found, process.env, timeoutMs)
        : new Map<string, ProbeResult>();
      const rows = judge(declaration, { references: found.states, probes, env: process.env }, catalog);
      const masked = (text: string) => maskKeys(context.secrets.mask(text));
      console.log(masked(values.json ? JSON.stringify(rows, null, 2) : tableOf(rows)));
      return rows.every(({ valid }) => valid) ? 0 : 1;
    });
  },
};

/** The table of the rows; a server's further notes stand below its first. */
export function tableOf(rows: readonly ServerRow[]): string {
  const lines = rows.flatMap(({ server, valid, auth, endpoint, notes }) => {
    const [first, ...others] = notes.map(({ level, text }) => (level === 'error' ? `✗ ${text}` : text));
    return [[server, valid ? '✓' : '✗', auth, endpoint, first ?? ''], ...others.map((text) => ['', '', '', '', text])];
  });
  const bad = rows.filter(({ valid }) => !valid).length;
  const sum = `${rows.length} server${rows.length === 1 ? '' : 's'}, ${bad === 0 ? 'all valid' : `${bad} not valid`}`;
  return `${renderTable(['SERVER', 'VALID', 'AUTH', 'ENDPOINT', 'NOTES'], lines)}\n\n${sum}`;
}

function secondsOf(text: string | undefined): number {
  const seconds = Number(text ?? defaultProbeSeconds);
  if (Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new CommandError(`--timeout ${text}: must be a number of seconds above 0`, 64);
}
