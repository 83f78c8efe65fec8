// A real 2025-era client, on the 1.x SDK: `initialize`, a session, requests from the server, unsolicited notifications.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { answers, emptyInbox, type Inbox, type Peer, textOf } from './peer.ts';
import type { Options, Report } from './report.ts';
import { runExercise } from './run-exercise.ts';

/** Does everything the fixture offers at `url` (an MCP endpoint over HTTP) and reports what came of it. */
export async function exercise(url: string, options: Options = {}): Promise<Report> {
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: options.headers ?? {} } });
  const client = new Client(
    { name: 'legacy-client', version: '1.0.0' },
    { capabilities: { elicitation: {}, sampling: {}, roots: { listChanged: true } } },
  );
  const inbox = emptyInbox();
  answer(client, inbox);
  // The SDK is not compiled with exactOptionalPropertyTypes: its class does not fit its own interface here.
  await client.connect(transport as Transport);
  return runExercise(peerOf(client, transport), inbox, options);
}

function answer(client: Client, inbox: Inbox): void {
  client.setRequestHandler(ElicitRequestSchema, () => {
    inbox.elicitations += 1;
    return { action: 'accept', content: answers.form };
  });
  client.setRequestHandler(CreateMessageRequestSchema, () => {
    inbox.samplings += 1;
    return { role: 'assistant', model: answers.model, content: { type: 'text', text: answers.completion } };
  });
  client.setRequestHandler(ListRootsRequestSchema, () => {
    inbox.rootsListings += 1;
    return { roots: answers.roots };
  });
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    inbox.logs.push(params.data);
  });
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
    inbox.updates.push(params.uri);
  });
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    inbox.toolListChanges += 1;
  });
}

function peerOf(client: Client, transport: StreamableHTTPClientTransport): Peer {
  return {
    protocolVersion: () => transport.protocolVersion ?? 'none',
    tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    resources: async () => (await client.listResources()).resources.map((resource) => resource.uri),
    prompts: async () => (await client.listPrompts()).prompts.map((prompt) => prompt.name),
    async call(name, args = {}, { onProgress, signal, logs } = {}) {
      if (logs) await client.setLoggingLevel('debug');
      const result = await client.callTool({ name, arguments: args }, undefined, {
        ...(onProgress && { onprogress: ({ progress }) => onProgress(progress) }),
        ...(signal && { signal }),
      });
      return textOf(result);
    },
    read: async (uri) => textOf({ content: (await client.readResource({ uri })).contents }),
    prompt: async (name, args) =>
      textOf({ content: (await client.getPrompt({ name, arguments: args })).messages.map((message) => message.content) }),
    complete: async (name, argument, value) =>
      (await client.complete({ ref: { type: 'ref/prompt', name }, argument: { name: argument, value } })).completion.values,
    async watch(uri) {
      await client.subscribeResource({ uri });
    },
    async close() {
      await transport.terminateSession();
      await client.close();
    },
  };
}
