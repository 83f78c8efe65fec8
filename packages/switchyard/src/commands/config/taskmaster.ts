/** `switchyard config taskmaster`: Task Master of a project, through our router. */
import { join, resolve } from 'node:path';
import { unifiedDiff } from '@switchyard/agent-config/diff';
import { AgentFileError, readAgentFile, writeAgentFile } from '@switchyard/agent-config/files';
import { maskKeys } from '@switchyard/agent-config/key-shapes';
import {
  TaskMasterError,
  taskMasterFile,
  taskMasterKeyVariable,
  withTaskMasterRouter,
} from '@switchyard/agent-config/taskmaster';
import { type Command, CommandError } from '../../command.ts';
import { readFlags } from '../../flags.ts';
import { routerUrl } from '../../router-client.ts';

const priorities = ['high', 'medium', 'low'] as const;

export const command: Command = {
  usage: `config taskmaster [--project DIR] [--model MODEL] [--url URL] [--dry-run]

Points ${taskMasterFile} of a project at the router and turns telemetry off. Everything else in the file stays.

--project DIR            the project. Default: the current folder
--url URL                the router. Default: $SWITCHYARD_ROUTER_URL, or this machine's
--model MODEL            as \`switchyard models\` lists it; needed unless the file names models already
--research-model MODEL   for research; --fallback-model MODEL when the first one fails. Default: --model
--max-tokens N, --temperature T, --subtasks N, --priority ${priorities.join('|')}
--dry-run                show the difference and write nothing

Task Master reads its key of the router from ${taskMasterKeyVariable}; \`switchyard catalog add task-master\` declares its MCP server with
a reference to it.`,
  async run(args) {
    const { values, positionals } = readFlags(args, {
      project: { type: 'string' },
      url: { type: 'string' },
      model: { type: 'string' },
      'research-model': { type: 'string' },
      'fallback-model': { type: 'string' },
      'max-tokens': { type: 'string' },
      temperature: { type: 'string' },
      subtasks: { type: 'string' },
      priority: { type: 'string' },
      'dry-run': { type: 'boolean' },
    } as const);
    if (positionals.length > 0) throw new CommandError(`what is "${positionals[0]}"? the project is named with --project`, 64);
    const priority = priorities.find((one) => one === values.priority);
    if (values.priority !== undefined && priority === undefined)
      throw new CommandError(`--priority ${values.priority}: must be ${priorities.join(', ')}`, 64);
    const file = join(resolve(values.project ?? '.'), taskMasterFile);
    try {
      const before = readAgentFile(file);
      const after = withTaskMasterRouter(before.text ?? '', {
        baseUrl: `${routerUrl(values.url).replace(/\/v1$/, '')}/v1`,
        model: values.model,
        researchModel: values['research-model'],
        fallbackModel: values['fallback-model'],
        maxTokens: numberOf('max-tokens', values['max-tokens'], (n) => Number.isInteger(n) && n > 0),
        temperature: numberOf('temperature', values.temperature, (n) => n >= 0 && n <= 2),
        defaultSubtasks: numberOf('subtasks', values.subtasks, (n) => Number.isInteger(n) && n >= 0),
        defaultPriority: priority,
      });
      if (after === before.text) console.log(`${file}: up to date`);
      else if (values['dry-run']) console.log(maskKeys(unifiedDiff(file, before.text, after)).trimEnd());
      else {
        writeAgentFile(before, after, false);
        console.log(`${file}: written`);
      }
      return 0;
    } catch (error) {
      if (error instanceof TaskMasterError) throw new CommandError(`${file}: ${error.message}`, 64);
      if (error instanceof AgentFileError) throw new CommandError(error.message, 78);
      const { name, message, line, column } = error as Error & { line?: number; column?: number };
      if (name === 'TextError') throw new CommandError(`${file}:${line}:${column}: ${message}`, 78);
      throw error;
    }
  },
};

function numberOf(flag: string, text: string | undefined, isRight: (number: number) => boolean): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text.trim() !== '' && isRight(number)) return number;
  throw new CommandError(`--${flag} ${text}: is not a number that makes sense here`, 64);
}
