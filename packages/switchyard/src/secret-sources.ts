/** Sources of secrets for a command: opened from flags, closed at the end, their errors as the command line says them. */
import {
  openSource,
  type SecretSource,
  type SourceContext,
  SourceError,
  SourceUnreachableError,
  sourceContext,
  sourceKinds,
} from '@switchyard/agent-config/secrets';
import { CommandError } from './command.ts';

export const sourceFlag = { source: { type: 'string', multiple: true } } as const;

/** The kinds of sources, for `--help`. */
export const sourceHelp = Object.entries(sourceKinds)
  .map(([kind, { where, summary }]) => `  ${(where === '' ? kind : `${kind}:${where}`).padEnd(44)}${summary}`)
  .join('\n');

/**
 * Runs `work` with the sources open. What a source throws becomes a CommandError: 69 when it can not be reached, 64 when it
 * was named wrongly, else 1; masked.
 */
export async function withSources<T>(
  texts: readonly string[],
  env: NodeJS.ProcessEnv,
  work: (sources: SecretSource[], context: SourceContext) => Promise<T>,
): Promise<T> {
  const context = sourceContext(env);
  try {
    return await work(
      texts.map((text) => open(text, context)),
      context,
    );
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw new CommandError(context.secrets.mask(error.message), error instanceof SourceUnreachableError ? 69 : 1);
  } finally {
    await context.httpClient.close(0);
  }
}

function open(text: string, context: SourceContext): SecretSource {
  try {
    return openSource(text, context);
  } catch (error) {
    if (error instanceof SourceError) throw new CommandError(error.message, 64);
    throw error;
  }
}
