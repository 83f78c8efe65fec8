/** The Node that runs us. */
import { bad, type Finding, ok } from './finding.ts';

/** `version` as `process.versions.node` has it. */
export function checkNode(version: string): Finding[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 19)) return [ok('node', `Node ${version}`)];
  return [
    bad('node-old', `Node ${version} is too old`, 'use Node 22.19 or newer, or start through `npm start`, which brings its own'),
  ];
}
