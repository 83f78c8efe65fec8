/** Services where people work: code, talk, customers, tasks. Data only. */
import type { CatalogEntryInput } from '../entry.ts';
import { openApiOffer } from './openapi-offer.ts';

/** The day on which this was looked up. */
const verified = '2026-11-20';

export const workServices: Readonly<Record<string, CatalogEntryInput>> = {
  github: {
    title: 'GitHub',
    prefixes: ['GH'],
    offers: [
      {
        name: 'remote',
        by: 'vendor',
        auth: 'bearer',
        url: 'https://api.githubcopilot.com/mcp/',
        headers: { Authorization: 'Bearer {GITHUB_PERSONAL_ACCESS_TOKEN}' },
        variables: [
          {
            name: 'GITHUB_PERSONAL_ACCESS_TOKEN',
            field: 'apiKey',
            secret: true,
            required: true,
            from: ['GITHUB_PAT', 'GH_TOKEN'],
            summary: 'personal access token, fine-grained with only what is needed',
          },
        ],
        notes: 'Also with OAuth; `/readonly` and `/x/TOOLSET` narrow it down.',
      },
      {
        name: 'local',
        by: 'vendor',
        auth: 'variables',
        command: 'docker',
        args: [
          'run',
          '-i',
          '--rm',
          '-e',
          'GITHUB_PERSONAL_ACCESS_TOKEN',
          '-e',
          'GITHUB_HOST',
          'ghcr.io/github/github-mcp-server:v1.9.0',
        ],
        variables: [
          {
            name: 'GITHUB_PERSONAL_ACCESS_TOKEN',
            field: 'apiKey',
            secret: true,
            required: true,
            from: ['GITHUB_PAT', 'GH_TOKEN'],
            summary: 'personal access token, fine-grained with only what is needed',
          },
          {
            name: 'GITHUB_HOST',
            field: 'endpoint',
            secret: false,
            from: ['GH_HOST'],
            summary: 'address of a GitHub Enterprise server',
          },
        ],
        notes: 'GITHUB_TOOLSETS, GITHUB_READ_ONLY=1 and GITHUB_LOCKDOWN_MODE narrow it down.',
      },
    ],
    docs: 'https://github.com/github/github-mcp-server',
    verified,
    notes: 'The npm package @modelcontextprotocol/server-github is deprecated.',
  },
  slack: {
    title: 'Slack',
    offers: [
      {
        name: 'local',
        by: 'community',
        auth: 'variables',
        command: 'npx',
        args: ['-y', 'slack-mcp-server@1.3.0', '--transport', 'stdio'],
        variables: [
          {
            name: 'SLACK_MCP_XOXP_TOKEN',
            field: 'apiKey',
            secret: true,
            oneOf: 'token',
            from: ['SLACK_USER_TOKEN', 'SLACK_XOXP_TOKEN'],
            summary: "a user's token, xoxp-…",
          },
          {
            name: 'SLACK_MCP_XOXB_TOKEN',
            field: 'apiKey',
            secret: true,
            oneOf: 'token',
            from: ['SLACK_BOT_TOKEN', 'SLACK_XOXB_TOKEN'],
            summary: "a bot's token, xoxb-…",
          },
        ],
        notes: 'Posting is off until SLACK_MCP_ADD_MESSAGE_TOOL is set.',
      },
      {
        name: 'remote',
        by: 'vendor',
        auth: 'oauth',
        url: 'https://mcp.slack.com/mcp',
        notes: 'Needs a Slack app of your own with MCP switched on: clients can not register by themselves.',
      },
    ],
    docs: 'https://docs.slack.dev',
    verified,
  },
  linear: {
    title: 'Linear',
    offers: [
      {
        name: 'remote',
        by: 'vendor',
        auth: 'bearer',
        url: 'https://mcp.linear.app/mcp',
        headers: { Authorization: 'Bearer {LINEAR_API_KEY}' },
        variables: [{ name: 'LINEAR_API_KEY', field: 'apiKey', secret: true, required: true, summary: 'personal API key' }],
        notes: 'Also with OAuth; the older `/sse` is deprecated.',
      },
    ],
    docs: 'https://linear.app/docs/mcp',
    verified,
  },
  hubspot: {
    title: 'HubSpot',
    offers: [
      {
        name: 'local',
        by: 'vendor',
        auth: 'variables',
        command: 'npx',
        args: ['-y', '@hubspot/mcp-server@0.4.0'],
        variables: [
          {
            name: 'PRIVATE_APP_ACCESS_TOKEN',
            field: 'apiKey',
            secret: true,
            required: true,
            from: ['HUBSPOT_ACCESS_TOKEN', 'HUBSPOT_PRIVATE_APP_TOKEN', 'HUBSPOT_PRIVATE_APP_ACCESS_TOKEN'],
            summary: 'access token of a private app',
          },
        ],
        notes: 'Beta.',
      },
      {
        name: 'remote',
        by: 'vendor',
        auth: 'oauth',
        url: 'https://mcp.hubspot.com',
        notes: 'Needs an "MCP auth app" with a client secret: clients can not register by themselves.',
      },
    ],
    docs: 'https://developers.hubspot.com',
    verified,
  },
  gong: {
    title: 'Gong',
    offers: [
      {
        name: 'remote',
        by: 'vendor',
        auth: 'oauth',
        url: 'https://mcp.gong.io/mcp',
        notes: 'Tools ask_account, ask_deal and generate_brief cost Gong credits.',
      },
      openApiOffer(
        'GONG',
        'Authorization:Basic ',
        { from: ['GONG_BASE_URL'], summary: 'address of the API of the tenant, as its settings show it' },
        // No field: a GONG_API_KEY would be half of it at best.
        { name: 'GONG_BASIC_CREDENTIALS', field: 'other', summary: 'base64 of ACCESS_KEY:ACCESS_SECRET; both halves are needed' },
      ),
    ],
    docs: 'https://help.gong.io',
    verified,
    notes:
      'Community servers read GONG_ACCESS_KEY with GONG_ACCESS_SECRET, GONG_ACCESS_KEY_SECRET or GONG_SECRET; none reads GONG_API_KEY.',
  },
  n8n: {
    title: 'n8n',
    offers: [
      {
        name: 'remote',
        by: 'vendor',
        auth: 'bearer',
        url: '{N8N_API_URL}/mcp-server/http',
        headers: { Authorization: 'Bearer {N8N_MCP_ACCESS_TOKEN}' },
        variables: [
          {
            name: 'N8N_API_URL',
            field: 'endpoint',
            secret: false,
            required: true,
            summary: 'address of your n8n, without a path',
          },
          {
            name: 'N8N_MCP_ACCESS_TOKEN',
            field: 'apiKey',
            secret: true,
            required: true,
            from: ['N8N_MCP_TOKEN'],
            summary: 'from Settings → Instance-level MCP, which also shows the exact URL',
          },
        ],
      },
      {
        name: 'local',
        by: 'community',
        auth: 'variables',
        command: 'npx',
        args: ['-y', 'n8n-mcp@2.87.0'],
        env: { MCP_MODE: 'stdio', LOG_LEVEL: 'error' },
        variables: [
          { name: 'N8N_API_URL', field: 'endpoint', secret: false, summary: 'address of your n8n, without a path' },
          {
            name: 'N8N_API_KEY',
            field: 'apiKey',
            secret: true,
            summary: 'API key; without it only the documentation tools work',
          },
        ],
        notes: 'DISABLED_TOOLS takes tools away.',
      },
    ],
    docs: 'https://docs.n8n.io/advanced-ai/accessing-n8n-mcp-server',
    verified,
  },
  'task-master': {
    title: 'Task Master',
    prefixes: ['TASKMASTER', 'TASK_MASTER'],
    offers: [
      {
        name: 'local',
        by: 'vendor',
        auth: 'variables',
        command: 'npx',
        args: ['-y', 'task-master-ai@0.43.1'],
        env: { TASK_MASTER_TOOLS: 'core' },
        variables: [
          {
            name: 'OPENAI_COMPATIBLE_API_KEY',
            field: 'apiKey',
            secret: true,
            required: true,
            from: ['SWITCHYARD_ROUTER_KEY'],
            summary: 'a key of the router, which `.taskmaster/config.json` names (`switchyard config taskmaster`)',
          },
        ],
        notes:
          'TASK_MASTER_TOOLS may be standard or all; `add_task` is in standard. The first start installs 1.4 GB: do it beforehand.',
      },
    ],
    docs: 'https://github.com/eyaltoledano/claude-task-master',
    verified,
    notes: 'MIT with Commons Clause: not free software. Telemetry is on by default; deny it the network but for the router.',
  },
};
