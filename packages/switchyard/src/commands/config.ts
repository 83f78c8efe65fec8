/** `switchyard config`: one declaration, every agent's own file. Each verb is a file of its own in config/. */
import { didYouMean } from '@switchyard/kit/nearest';
import { type Command, CommandError } from '../command.ts';

/** Loaded when used. A verb reads its own flags. */
const verbs: Readonly<Record<string, { summary: string; load: () => Promise<{ command: Command }> }>> = {
  generate: { summary: 'print what every agent would get', load: () => import('./config/generate.ts') },
  diff: { summary: 'show what sync would change', load: () => import('./config/diff.ts') },
  sync: { summary: 'write agents’ files', load: () => import('./config/sync.ts') },
  validate: { summary: 'say of every server whether it can work', load: () => import('./config/validate.ts') },
  show: { summary: 'print the declaration, or what agents have now', load: () => import('./config/show.ts') },
  import: { summary: 'what agents have already, as a declaration', load: () => import('./config/import.ts') },
  export: { summary: 'the declared servers as a NixOS module', load: () => import('./config/export.ts') },
  taskmaster: { summary: 'point Task Master of a project at the router', load: () => import('./config/taskmaster.ts') },
  remove: { summary: 'take our entries out of agents’ files', load: () => import('./config/remove.ts') },
};

const help = `config VERB [ARGUMENTS]

${Object.entries(verbs)
  .map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`)
  .join('\n')}

\`switchyard config VERB --help\` shows the arguments of a verb.`;

export const command: Command = {
  usage: help,
  ownsFlags: true,
  async run([name, ...rest]) {
    if (name === undefined || name === '--help' || name === '-h') {
      console.log(`Usage: switchyard ${help}`);
      return name === undefined ? 64 : 0;
    }
    const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
    const known = Object.keys(verbs);
    if (!verb) throw new CommandError(`unknown verb "config ${name}"${didYouMean(name, known)}; one of: ${known.join(', ')}`, 64);
    const { command } = await verb.load();
    if (command.ownsFlags !== true && (rest.includes('--help') || rest.includes('-h'))) {
      console.log(`Usage: switchyard ${command.usage}`);
      return 0;
    }
    return command.run(rest);
  },
};
