/** What the management API takes and gives, as zod schemas: types, validation and the OpenAPI document come from here. */
import { z } from 'zod';
import { outcomes } from '../activity/activity.ts';

const jsonObject = z.record(z.string(), z.unknown());
const date = z.iso.datetime();

export const serverShape = z
  .strictObject({
    name: z.string(),
    enabled: z.boolean().describe('Whether the server is meant to run.'),
    state: z.enum(['starting', 'ready', 'degraded', 'failed', 'disabled']),
    since: date.describe('When the state began.'),
    url: z.url().describe('MCP endpoint of this server alone.'),
    description: z.string().optional().describe('As declared.'),
    transport: z.string().describe('How the gateway reaches it: `stdio`, `socket`, `http` or `sse`.'),
    protocolVersion: z.string().optional().describe('MCP revision spoken with it.'),
    serverInfo: jsonObject.optional().describe('What the server says of itself.'),
    pid: z.int().optional(),
    lastError: z.string().optional(),
    retryAt: date.optional().describe('When the next start is tried; only while failed.'),
    crashLoop: z.boolean().optional().describe('True when it keeps ending.'),
    asleep: z.boolean().optional().describe('True when it was ended for want of calls; the next one starts it.'),
    restarts: z.int(),
    inFlight: z.int().describe('Calls that run on it now.'),
    instances: z
      .array(z.strictObject({ state: z.string(), inFlight: z.int(), pid: z.int().optional(), lastError: z.string().optional() }))
      .optional()
      .describe('Every instance, when there is more than one.'),
    tools: z.int().describe('How many tools it offers to the caller.'),
    prompts: z.int(),
    resources: z.int(),
  })
  .meta({ id: 'Server' });

const originShape = z.strictObject({
  source: z
    .enum(['declared', 'runtime'])
    .describe('Where the value in force comes from: the configuration, or a change over the API.'),
  declared: z.boolean().describe('The value in the configuration.'),
  who: z.string().optional().describe('Who made the runtime change.'),
  when: date.optional().describe('When it was made.'),
});

export const serverDetailShape = z
  .strictObject({
    ...serverShape.shape,
    stderr: z.array(z.string()).describe('The last lines the server wrote to stderr, oldest first; shown to admins only.'),
    origin: z.strictObject({ enabled: originShape }).describe('Why changeable values are what they are.'),
  })
  .meta({ id: 'ServerDetail' });

export const serverPatchShape = z
  .strictObject({ enabled: z.boolean().describe('Start or stop the server; kept as the setting `runtimeChanges` says.') })
  .meta({ id: 'ServerPatch' });

export const toolShape = z
  .strictObject({
    server: z.string(),
    name: z.string().describe("The server's own name of the tool; part of the URL to call it."),
    publicName: z.string().describe('Name of the tool on the aggregated endpoint `/mcp`.'),
    title: z.string().optional(),
    description: z.string().optional(),
    inputSchema: z.unknown().optional().describe('JSON Schema of the arguments, as the server wrote it.'),
    outputSchema: z.unknown().optional().describe('JSON Schema of `structuredContent`, as the server wrote it.'),
    annotations: jsonObject.optional().describe('Hints such as `readOnlyHint` and `destructiveHint`.'),
  })
  .meta({ id: 'Tool' });

export const queryShape = z
  .strictObject({
    server: z.string().describe('Name of the server.'),
    tool: z.string().describe("The server's own name of the tool."),
    args: jsonObject.optional().describe('Arguments of the tool. Default: none.'),
  })
  .meta({ id: 'Query' });

/** Every answer to a tool call, whatever the tool; a tool may add members. */
export const toolResultShape = z
  .looseObject({
    content: z.array(z.looseObject({ type: z.string() })).describe('Text, images, audio, resources and links to them.'),
    structuredContent: z.unknown().optional().describe('The same as data, for tools with an output schema.'),
    isError: z
      .boolean()
      .optional()
      .describe('Whether the tool failed; `content` then says why. The HTTP status is 200 all the same.'),
  })
  .meta({ id: 'ToolResult' });

export const problemShape = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What was wrong and what to do.'),
    requestId: z.string().describe("Also in the gateway's log."),
    rpcCode: z.int().optional().describe('JSON-RPC error code, when the server answered with an error.'),
  })
  .describe('RFC 9457 problem details.')
  .meta({ id: 'Problem' });

export const serverListShape = z.strictObject({ servers: z.array(serverShape) }).meta({ id: 'ServerList' });
export const toolListShape = z.strictObject({ tools: z.array(toolShape) }).meta({ id: 'ToolList' });

export type ServerView = z.infer<typeof serverShape>;
export type ServerDetail = z.infer<typeof serverDetailShape>;
export type ToolView = z.infer<typeof toolShape>;

export const activityShape = z
  .strictObject({
    id: z.string().describe('Request id; a request that went through rounds of questions has several rows.'),
    time: date,
    caller: z.string(),
    via: z.string().describe('`mcp` or `rest`.'),
    protocolVersion: z.string().describe('MCP revision of the client.'),
    server: z.string(),
    method: z.string(),
    name: z.string().describe('Tool, prompt or resource.'),
    queueMs: z.number().describe('Time it waited for its turn, in ms.'),
    runMs: z.number().describe('Time it ran, in ms.'),
    argumentBytes: z.int(),
    resultBytes: z.int().describe('Size of the result as the server sent it.'),
    shortened: z.boolean().describe('Whether the caller got head and tail only.'),
    outcome: z.enum(outcomes),
    error: z.string().optional(),
    traceparent: z.string().optional(),
    arguments: z.string().optional().describe('Redacted, possibly cut.'),
    resultPreview: z.string().optional().describe('Redacted beginning.'),
  })
  .meta({ id: 'Activity' });

export const activityListShape = z
  .strictObject({
    activity: z.array(activityShape),
    cursor: z.int().optional().describe('Pass it back for older rows; absent when there are none.'),
  })
  .meta({ id: 'ActivityList' });

export const findingShape = z
  .strictObject({
    rule: z.string().describe('What it looks like, such as `hides-from-user`.'),
    path: z.string().describe('Where in the definition.'),
    excerpt: z.string().describe('What was found; invisible characters are spelled out.'),
  })
  .meta({ id: 'Finding' });

export const pinShape = z
  .strictObject({
    server: z.string(),
    tool: z.string(),
    state: z.enum(['trusted', 'quarantined']),
    listed: z.boolean().describe('Whether the server offers it now.'),
    hash: z.string().optional().describe('SHA-256 of the trusted definition; absent when none was ever trusted.'),
    firstSeenAt: date,
    changedAt: date.optional().describe('When the trusted definition took the place of another one.'),
    previousHash: z.string().optional().describe("That one's hash."),
    accepted: z.boolean().describe('Whether a person accepted the trusted definition.'),
    pending: z
      .strictObject({
        hash: z.string(),
        reason: z.enum(['changed', 'new', 'lint']),
        seenAt: date,
        definition: jsonObject.optional().describe('For admins only: nobody else should read what is not trusted.'),
      })
      .optional()
      .describe('The definition that waits for being accepted.'),
    definition: jsonObject.optional().describe('The trusted definition, of a quarantined tool.'),
    findings: z.array(findingShape).describe('What looks suspicious in the definition that the server offers.'),
  })
  .meta({ id: 'ToolPin' });

export const trustShape = z.strictObject({ tools: z.array(pinShape) }).meta({ id: 'ToolTrust' });

export const acceptShape = z
  .strictObject({
    accept: z.literal(true),
    hash: z.string().optional().describe('The definition that was looked at; refused with 409 when it is another one by now.'),
  })
  .meta({ id: 'AcceptTool' });

export type PinView = z.infer<typeof pinShape>;
