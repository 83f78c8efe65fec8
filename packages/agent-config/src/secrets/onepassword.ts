/**
 * 1Password by its program `op` (version 2), for people who are signed in and for service accounts
 * (`OP_SERVICE_ACCOUNT_TOKEN`). Only references are arguments. Service accounts have hourly caps: nothing is asked twice.
 */
import { loadOnce } from './load-once.ts';
import { plainValue } from './plain-value.ts';
import { type Program, runProgram } from './program.ts';
import type { SecretSource, SourceContext } from './source.ts';
import { SourceAnswerError, SourceInputError } from './source-error.ts';

interface ItemView {
  id: string;
  title: string;
}

interface FieldView {
  id: string;
  label?: string;
  type?: string;
  purpose?: string;
}

/** The items of a vault. A name is `Item/field` or a whole reference `op://Vault/Item/field`. */
export function onePasswordSource(vault: string, context: SourceContext): SecretSource {
  const program = (args: string[], origin: string): Program => ({
    command: 'op',
    args,
    origin,
    variables: ['OP_'],
    install: 'install the 1Password CLI 2, or use a Connect server (op-connect)',
    remedy: 'sign in with `op signin`, or set OP_SERVICE_ACCOUNT_TOKEN; does the vault belong to the account?',
  });
  const referenceOf = (name: string): string => {
    const reference = name.startsWith('op://') ? name : `op://${vault}/${name}`;
    if (!/^op:\/\/[^/]+\/[^/]+\/[^/]+(\/[^/]+)?$/.test(reference)) {
      throw new SourceInputError(reference, 'is not a reference of 1Password', 'write op://Vault/Item/field');
    }
    return reference;
  };
  const listAll = async (): Promise<readonly string[]> => {
    const origin = `op://${vault}`;
    const items = jsonOf<ItemView[]>(
      await runProgram(program(['item', 'list', '--vault', vault, '--format', 'json'], origin), context),
      origin,
    );
    const found: string[] = [];
    for (const { id, title } of items) {
      const text = await runProgram(program(['item', 'get', id, '--vault', vault, '--format', 'json'], origin), context);
      const { fields = [] } = jsonOf<{ fields?: FieldView[] }>(text, origin);
      for (const { id: field, label, purpose } of fields) if (purpose !== 'NOTES') found.push(`${title}/${label || field}`);
    }
    return found;
  };
  return {
    kind: 'op',
    where: `op://${vault}`,
    list: loadOnce(listAll),
    async read(name) {
      const origin = referenceOf(name);
      const text = await runProgram(program(['read', '--no-newline', origin], origin), context);
      const value = plainValue(text, origin);
      context.secrets.remember(value);
      return { value, secret: true, origin };
    },
    referenceTo: () => undefined,
  };
}

function jsonOf<T>(text: string, origin: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new SourceAnswerError(origin, '"op" printed something that is not JSON', 'is it version 2 of the 1Password CLI?');
  }
}
