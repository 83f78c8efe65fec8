/** Continue 1.5: a YAML list whose members carry their name. Headers are below `requestOptions`. */
import { join } from 'node:path';
import { type Fields, isObject } from '../files/entries.ts';
import type { Agent } from './agent.ts';
import type { Entry } from './entry.ts';
import { fieldSpelling } from './field-spelling.ts';
import { secretsTemplate } from './interpolation.ts';

const plain = fieldSpelling({
  interpolation: secretsTemplate,
  stdioType: 'stdio',
  httpType: 'streamable-http',
  sseType: 'sse',
});

export const continueDev: Agent = {
  name: 'continue',
  title: 'Continue',
  format: 'yaml',
  entries: { root: ['mcpServers'], shape: 'list' },
  places: [{ scope: 'user', paths: ({ home }) => [join(home, '.continue', 'config.yaml')] }],
  interpolation: secretsTemplate,
  http: 'headers',
  named: true,
  write(entry: Entry): Fields {
    const { headers, requestOptions, ...rest } = plain.write(entry);
    const options = isObject(requestOptions) ? requestOptions : {};
    const all = { ...options, ...(headers !== undefined && { headers }) };
    return { ...rest, ...(Object.keys(all).length > 0 && { requestOptions: all }) };
  },
  read(fields: Fields): Entry {
    const { requestOptions, name: _, ...rest } = fields;
    if (!isObject(requestOptions)) return plain.read(rest);
    const { headers, ...others } = requestOptions;
    const left = Object.keys(others).length > 0 && { requestOptions: others };
    return plain.read({ ...rest, ...(headers !== undefined && { headers }), ...left });
  },
};
