/**
 * Task Master's own file, `.taskmaster/config.json` of a project, pointed at our router. Everything but keys is in it (since
 * 0.16; variables such as MODEL are ignored). The program rewrites the file on use, so it must stay a writable file. Pure.
 */
import { valueAt } from '../files/entries.ts';
import { parseText, withEntry } from '../files/format.ts';

/** What is to stand in it. What is undefined stays as it is there. */
export interface TaskMasterChoices {
  /** The router's OpenAI address, with `/v1`. */
  baseUrl: string;
  /** Model of all three roles, unless they have their own. Undefined keeps the models that are there. */
  model?: string | undefined;
  researchModel?: string | undefined;
  fallbackModel?: string | undefined;
  maxTokens?: number | undefined;
  temperature?: number | undefined;
  defaultSubtasks?: number | undefined;
  defaultPriority?: 'high' | 'medium' | 'low' | undefined;
}

/** Where it is in a project. */
export const taskMasterFile = '.taskmaster/config.json';
/** The variable that holds the key of provider `openai-compatible`. */
export const taskMasterKeyVariable = 'OPENAI_COMPATIBLE_API_KEY';

const roles = ['main', 'research', 'fallback'] as const;
/** As the program writes it for a new project (0.43). */
const defaults = { maxTokens: 64_000, temperature: 0.2 };

/** A role that would have no model. */
export class TaskMasterError extends Error {
  override name = 'TaskMasterError';
}

/**
 * The file's text with every role on the router and telemetry off; foreign keys, order and layout stay. `text` is empty for
 * a new file. Throws TaskMasterError when a role has no model, and TextError for a file that is broken.
 */
export function withTaskMasterRouter(text: string, choices: TaskMasterChoices): string {
  const before = parseText('json', text);
  let next = text;
  for (const role of roles) {
    const old = objectAt(before, ['models', role]);
    const asked = role === 'main' ? choices.model : (choices[`${role}Model`] ?? choices.model);
    const modelId = asked ?? old.modelId;
    if (typeof modelId !== 'string' || modelId === '') {
      throw new TaskMasterError(`models.${role}.modelId: no model; name one with --model (\`switchyard models\` lists them)`);
    }
    const fields = {
      ...defaults,
      ...old,
      provider: 'openai-compatible',
      modelId,
      ...(choices.maxTokens !== undefined && { maxTokens: choices.maxTokens }),
      ...(choices.temperature !== undefined && { temperature: choices.temperature }),
      baseURL: choices.baseUrl,
    };
    next = withEntry('json', next, { root: ['models'], shape: 'map' }, role, fields);
  }
  const { defaultSubtasks, defaultPriority } = choices;
  const global = {
    ...objectAt(before, ['global']),
    ...(defaultSubtasks !== undefined && { defaultSubtasks }),
    ...(defaultPriority !== undefined && { defaultPriority }),
    anonymousTelemetry: false,
  };
  return withEntry('json', next, { root: [], shape: 'map' }, 'global', global);
}

function objectAt(content: unknown, path: readonly string[]): Record<string, unknown> {
  const value = valueAt(content, path);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
