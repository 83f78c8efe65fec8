/** The catalog of services for a command. */
import { type Catalog, loadCatalog } from '@switchyard/agent-config/catalog';
import { ConfigError } from '@switchyard/kit/config';
import { CommandError } from './command.ts';

/** Our services with the changes of `file`, or of the user's own file when none is named. Throws CommandError (78). */
export async function catalogFrom(file: string | undefined): Promise<Catalog> {
  try {
    return await loadCatalog(process.env, file);
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.message, 78);
    throw error;
  }
}
