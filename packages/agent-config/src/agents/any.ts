/** A file of `mcpServers` that belongs to no agent in particular: every common spelling is understood. */
import type { Spelling } from './agent.ts';
import { fieldSpelling } from './field-spelling.ts';
import type { Interpolation } from './interpolation.ts';

const either: Interpolation = {
  looks: '${NAME}',
  env: (name) => `\${${name}}`,
  pattern: /\$\{(?:env:)?(?<env>[A-Za-z_]\w*)\}/g,
  defaults: true,
};

export const anySpelling: Spelling = fieldSpelling({
  interpolation: either,
  stdioType: 'stdio',
  httpType: 'http',
  sseType: 'sse',
  url: ['url', 'httpUrl', 'serverUrl'],
  off: { field: 'disabled', value: true },
});
