/** Settings of tool trust: what happens to definitions that are new, changed or suspicious. */
import { z } from 'zod';

const fields = {
  onChange: z
    .enum(['announce', 'quarantine'])
    .optional()
    .describe(
      'A tool whose definition differs from the trusted one: `announce` logs it and goes on, `quarantine` hides it until it is accepted. Default: announce; quarantine where there is a lock file.',
    ),
  onNew: z
    .enum(['trust', 'quarantine'])
    .optional()
    .describe(
      'A tool that a known server did not have before, or that the lock file does not list. What a server offers at first sight is trusted when there is no lock file. Default: trust; quarantine where there is a lock file.',
    ),
  lint: z
    .enum(['off', 'warn', 'quarantine'])
    .optional()
    .describe(
      'Definitions that look as if they hid instructions: `warn` logs them, `quarantine` hides them until they are accepted. Default: warn.',
    ),
  lockFile: z
    .string()
    .optional()
    .describe('Path of an mcp-tools.lock.json (`switchyard lock`): the definitions that tools must have.'),
};

export const toolTrustSchema = z.strictObject(fields);

export type ToolTrustSettings = z.output<typeof toolTrustSchema>;

/** The settings of one server, with every default filled in. */
export interface TrustPolicy {
  onChange: 'announce' | 'quarantine';
  onNew: 'trust' | 'quarantine';
  lint: 'off' | 'warn' | 'quarantine';
  lockFile: string | undefined;
}

/** What a server says itself comes before what is said for all. */
export function policyOf(general: ToolTrustSettings, own: ToolTrustSettings = {}): TrustPolicy {
  const lockFile = own.lockFile ?? general.lockFile;
  const locked = lockFile !== undefined;
  return {
    onChange: own.onChange ?? general.onChange ?? (locked ? 'quarantine' : 'announce'),
    onNew: own.onNew ?? general.onNew ?? (locked ? 'quarantine' : 'trust'),
    lint: own.lint ?? general.lint ?? 'warn',
    lockFile,
  };
}

/** Whether this policy ever hides a tool; if not, nothing needs to be filtered. */
export function hides({ onChange, onNew, lint }: TrustPolicy): boolean {
  return onChange === 'quarantine' || onNew === 'quarantine' || lint === 'quarantine';
}
