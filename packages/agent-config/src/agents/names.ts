/** The agents whose files are written and read here, by the names that flags and declarations use. */

export const agentNames = [
  'claude-code',
  'codex',
  'gemini-cli',
  'opencode',
  'copilot-cli',
  'cline',
  'continue',
  'amp',
  'cursor',
  'roo-code',
  'vscode',
  'zed',
  'windsurf',
  'void',
  'claude-desktop',
  'goose',
  'lm-studio',
] as const;

export type AgentName = (typeof agentNames)[number];

/** Whether a word is the name of an agent. */
export function isAgentName(word: string): word is AgentName {
  return (agentNames as readonly string[]).includes(word);
}
