// How each agent is run once without a person: what else its files must say, its variables and its arguments. The MCP entry is
// not here: our own writers put it into the files. Recorded with these versions on 2026-11-20.
import { join } from 'node:path';
import type { AgentName } from '@switchyard/agent-config/agents';
import type { PackageSet } from '../clients/packages.ts';
import { clientKey } from '../clients/rig.ts';

export interface Recipe {
  name: AgentName;
  set: Exclude<PackageSet, 'sdks'>;
  /** What the declaration chooses for it beside the defaults. */
  choices?: object;
  prepare(turn: Turn): Prepared;
}

export interface Turn {
  /** Where the agent is installed. */
  folder: string;
  home: string;
  /** Of the model. */
  url: string;
  prompt: string;
  /** What the agent calls the tool's server and the tool. */
  tool: { server: string; name: string };
}

interface Prepared {
  /** Below the home, as they are before our entry comes in: with comments and settings of the user's. */
  files: Record<string, string>;
  env: Record<string, string>;
  /** Run before the turn. */
  before?: [command: string, ...args: string[]];
  command: string;
  args: string[];
}

const program = (folder: string, ...path: string[]) => join(folder, 'node_modules', ...path);
const platform = `${process.platform}-${process.arch}`;

export const recipes: Recipe[] = [
  {
    name: 'claude-code',
    set: 'claude-code',
    prepare: ({ folder, url, prompt, tool }) => ({
      files: { '.claude.json': '{\n  "numStartups": 7,\n  "hasCompletedOnboarding": true\n}\n' },
      env: {
        ANTHROPIC_BASE_URL: url,
        ANTHROPIC_API_KEY: clientKey,
        ANTHROPIC_MODEL: 'claude-sonnet-5',
        ANTHROPIC_DEFAULT_HAIKU_MODEL: 'claude-haiku-5-5',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_AUTOUPDATER: '1',
        DISABLE_TELEMETRY: '1',
        ENABLE_TOOL_SEARCH: 'false',
        IS_SANDBOX: '1',
      },
      command: program(folder, `@anthropic-ai/claude-code-${platform}`, 'claude'),
      args: ['-p', prompt, '--output-format', 'json', '--allowedTools', `mcp__${tool.server}__${tool.name}`],
    }),
  },
  {
    name: 'codex',
    set: 'codex',
    choices: { approve: 'all' },
    prepare: ({ folder, url, prompt }) => ({
      files: {
        '.codex/config.toml': [
          '# chosen by hand',
          'model = "chat"',
          'model_provider = "ours"',
          'check_for_update_on_startup = false',
          '',
          '[model_providers.ours]',
          'name = "ours"',
          `base_url = ${JSON.stringify(`${url}/v1`)} # loopback`,
          'env_key = "MODEL_KEY"',
          'wire_api = "responses"',
          '',
          '[analytics]',
          'enabled = false',
          '',
        ].join('\n'),
      },
      env: { MODEL_KEY: clientKey },
      command: process.execPath,
      args: [program(folder, '@openai', 'codex', 'bin', 'codex.js'), 'exec', '--skip-git-repo-check', '--json', prompt],
    }),
  },
  {
    name: 'gemini-cli',
    set: 'gemini-cli',
    choices: { approve: 'all' },
    prepare: ({ folder, url, prompt }) => ({
      files: {
        '.gemini/settings.json': JSON.stringify(
          {
            security: { auth: { selectedType: 'gemini-api-key' } },
            privacy: { usageStatisticsEnabled: false },
            general: { enableAutoUpdate: false },
          },
          null,
          2,
        ),
      },
      env: {
        GOOGLE_GEMINI_BASE_URL: url,
        GEMINI_API_KEY: clientKey,
        GEMINI_CLI_TRUST_WORKSPACE: 'true',
        GEMINI_CLI_NO_RELAUNCH: 'true',
      },
      command: process.execPath,
      args: [program(folder, '@google', 'gemini-cli', 'bundle', 'gemini.js'), '-y', '-p', prompt, '--output-format', 'json'],
    }),
  },
  {
    name: 'opencode',
    set: 'opencode',
    prepare: ({ folder, url, prompt }) => ({
      files: {
        '.config/opencode/opencode.jsonc': `{
  // the model of this machine
  "model": "ours/chat",
  "small_model": "ours/chat",
  "enabled_providers": ["ours"],
  "autoupdate": false,
  "provider": {
    "ours": {
      "npm": "@ai-sdk/openai-compatible",
      "options": { "baseURL": ${JSON.stringify(`${url}/v1`)}, "apiKey": "{env:MODEL_KEY}" },
      "models": { "chat": {} },
    },
  },
}
`,
      },
      env: {
        MODEL_KEY: clientKey,
        OPENCODE_DISABLE_MODELS_FETCH: '1',
        OPENCODE_DISABLE_AUTOUPDATE: '1',
        OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
      },
      command: program(folder, `opencode-${platform}`, 'bin', 'opencode'),
      args: ['run', '--format', 'json', prompt],
    }),
  },
  {
    name: 'copilot-cli',
    set: 'copilot-cli',
    prepare: ({ folder, url, prompt }) => ({
      files: { '.copilot/config.json': '{\n  "banner": "never"\n}\n' },
      env: {
        COPILOT_OFFLINE: 'true',
        COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
        COPILOT_PROVIDER_TYPE: 'openai',
        COPILOT_PROVIDER_WIRE_API: 'completions',
        COPILOT_PROVIDER_API_KEY: clientKey,
        COPILOT_MODEL: 'chat',
        COPILOT_AUTO_UPDATE: 'false',
      },
      command: program(folder, '@github', `copilot-${platform}`, 'copilot'),
      args: ['-p', prompt, '--allow-all-tools'],
    }),
  },
  {
    name: 'cline',
    set: 'cline',
    // It follows no references: by default it gets the bridge.
    choices: { approve: ['probe__probe_echo'] },
    prepare: ({ folder, url, prompt }) => {
      const command = program(folder, '@cline', `cli-${platform}`, 'bin', 'cline');
      return {
        files: {},
        env: {},
        before: [command, 'auth', '-p', 'openai-compatible', '-k', clientKey, '-m', 'chat', '-b', `${url}/v1`],
        command,
        args: ['--json', prompt],
      };
    },
  },
  {
    name: 'continue',
    set: 'continue',
    prepare: ({ folder, home, url, prompt }) => ({
      files: {
        '.continue/config.yaml': [
          'name: mine',
          'version: 1.0.0',
          'schema: v1',
          '# one model is enough',
          'models:',
          '  - name: chat',
          '    provider: openai',
          '    model: chat',
          `    apiBase: ${url}/v1`,
          `    apiKey: ${clientKey}`,
          '    roles: [chat]',
          '',
        ].join('\n'),
      },
      env: { CONTINUE_TELEMETRY_ENABLED: '0' },
      command: process.execPath,
      args: [
        program(folder, '@continuedev', 'cli', 'dist', 'cn.js'),
        '--config',
        join(home, '.continue', 'config.yaml'),
        '--auto',
        '-p',
        prompt,
      ],
    }),
  },
];
