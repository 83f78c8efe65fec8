/** 1Password by a Connect server: its REST API (version 1), `OP_CONNECT_HOST` and `OP_CONNECT_TOKEN`. */

import { type Answer, ask, saidIn } from './answer.ts';
import { loadOnce } from './load-once.ts';
import { plainValue } from './plain-value.ts';
import type { SecretSource, SourceContext } from './source.ts';
import {
  SecretMissingError,
  SourceAnswerError,
  SourceInputError,
  SourceRateLimitError,
  SourceRefusedError,
} from './source-error.ts';

interface Item {
  id: string;
  title: string;
  fields?: {
    id: string;
    label?: string;
    type?: string;
    purpose?: string;
    value?: string;
    section?: { id: string; label?: string };
  }[];
}

/** The items of a vault, by its name. A name is `Item/field` or `Item/section/field`. Items are read once. */
export function onePasswordConnectSource(vault: string, context: SourceContext): SecretSource {
  const { OP_CONNECT_HOST: host, OP_CONNECT_TOKEN: token } = context.env;
  const where = `1Password Connect, vault ${vault}`;
  const get = async <T>(path: string): Promise<T> => {
    if (!host || !token) {
      const missing = host ? 'OP_CONNECT_TOKEN' : 'OP_CONNECT_HOST';
      throw new SourceInputError(where, `${missing} is not set`, `set ${missing}; the Connect server's own page shows it`);
    }
    context.secrets.remember(token);
    const url = `${host.replace(/\/+$/, '')}/v1${path}`;
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json', 'user-agent': 'switchyard' };
    const answer = await ask({ url, headers, origin: where }, context);
    if (answer.status !== 200) throw errorFor(answer, where);
    try {
      return JSON.parse(answer.text) as T;
    } catch {
      throw new SourceAnswerError(where, 'answered with something that is not JSON', `is ${host} a Connect server?`);
    }
  };
  const readVault = async (): Promise<Item[]> => {
    const vaults = await get<{ id: string; name: string }[]>(`/vaults?filter=${encodeURIComponent(`name eq "${vault}"`)}`);
    const found = vaults.find(({ name, id }) => name === vault || id === vault);
    if (!found) throw new SecretMissingError(where, 'no such vault', 'check its name, and that the token may see it');
    const items = await get<Item[]>(`/vaults/${encodeURIComponent(found.id)}/items`);
    const whole: Item[] = [];
    for (const { id } of items)
      whole.push(await get<Item>(`/vaults/${encodeURIComponent(found.id)}/items/${encodeURIComponent(id)}`));
    return whole;
  };
  const all = loadOnce(async () => fieldsOf(await readVault()));
  return {
    kind: 'op-connect',
    where,
    list: async () => [...(await all()).keys()],
    async read(name) {
      const origin = `${where}, ${name}`;
      const field = (await all()).get(name);
      if (field === undefined)
        throw new SecretMissingError(origin, 'no such item and field', '`switchyard secrets list` shows them');
      const value = plainValue(field.value, origin);
      if (field.secret) context.secrets.remember(value);
      return { value, secret: field.secret, origin };
    },
    referenceTo: () => undefined,
  };
}

function fieldsOf(items: readonly Item[]): Map<string, { value: string; secret: boolean }> {
  const found = new Map<string, { value: string; secret: boolean }>();
  for (const { title, fields = [] } of items) {
    for (const { id, label, type, purpose, value = '', section } of fields) {
      if (purpose === 'NOTES') continue;
      const path = [title, section?.label, label || id].filter(Boolean).join('/');
      found.set(path, { value, secret: type !== 'URL' && type !== 'EMAIL' && type !== 'DATE' });
    }
  }
  return found;
}

/** Errors are `{status, message}`. */
function errorFor(answer: Answer, where: string): Error {
  const said = saidIn(answer, ['message']) ?? `answered ${answer.status}`;
  switch (answer.status) {
    case 401:
      return new SourceRefusedError(where, said, 'make a new token for this Connect server and set OP_CONNECT_TOKEN');
    case 403:
      return new SourceRefusedError(where, said, 'let the token see this vault');
    case 404:
      return new SecretMissingError(where, said, 'check the names, and that the token may see the vault');
    case 429:
      return new SourceRateLimitError(where, said, 'wait a while');
    default:
      return new SourceAnswerError(where, said, 'look at the log of the Connect server');
  }
}
