// A real 2026-07-28 client, pinned to that revision: no session, input requests inside results, one subscription stream.
import { Client, LOG_LEVEL_META_KEY, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { answers, emptyInbox, type Inbox, type Peer, textOf } from './peer.ts';
import type { Options, Report } from './report.ts';
import { runExercise } from './run-exercise.ts';

/** Does everything the fixture offers at `url` (an MCP endpoint over HTTP) and reports what came of it. */
export async function exercise(url: string, options: Options = {}): Promise<Report> {
  const client = new Client(
    { name: 'modern-client', version: '1.0.0' },
    {
      capabilities: { elicitation: { form: {} }, sampling: {}, roots: {} },
      versionNegotiation: { mode: { pin: '2026-07-28' } },
    },
  );
  const inbox = emptyInbox();
  answer(client, inbox);
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: options.headers ?? {} } }));
  return runExercise(peerOf(client), inbox, options);
}

function answer(client: Client, inbox: Inbox): void {
  client.setRequestHandler('elicitation/create', () => {
    inbox.elicitations += 1;
    return { action: 'accept', content: answers.form };
  });
  client.setRequestHandler('sampling/createMessage', () => {
    inbox.samplings += 1;
    return { role: 'assistant', model: answers.model, content: { type: 'text', text: answers.completion } };
  });
  client.setRequestHandler('roots/list', () => {
    inbox.rootsListings += 1;
    return { roots: answers.roots };
  });
  client.setNotificationHandler('notifications/message', ({ params }) => {
    inbox.logs.push(params.data);
  });
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
    inbox.updates.push(params.uri);
  });
  client.setNotificationHandler('notifications/tools/list_changed', () => {
    inbox.toolListChanges += 1;
  });
}

function peerOf(client: Client): Peer {
  return {
    protocolVersion: () => client.getNegotiatedProtocolVersion() ?? 'none',
    tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    resources: async () => (await client.listResources()).resources.map((resource) => resource.uri),
    prompts: async () => (await client.listPrompts()).prompts.map((prompt) => prompt.name),
    async call(name, args = {}, { onProgress, signal, logs } = {}) {
      const meta = logs ? { _meta: { [LOG_LEVEL_META_KEY]: 'debug' } } : {};
      const result = await client.callTool(
        { name, arguments: args, ...meta },
        { ...(onProgress && { onprogress: ({ progress }) => onProgress(progress) }), ...(signal && { signal }) },
      );
      return textOf(result);
    },
    read: async (uri) => textOf({ content: (await client.readResource({ uri })).contents }),
    prompt: async (name, args) =>
      textOf({ content: (await client.getPrompt({ name, arguments: args })).messages.map((message) => message.content) }),
    complete: async (name, argument, value) =>
      (await client.complete({ ref: { type: 'ref/prompt', name }, argument: { name: argument, value } })).completion.values,
    async watch(uri) {
      await client.listen({ toolsListChanged: true, resourceSubscriptions: [uri] });
    },
    close: () => client.close(),
  };
}
