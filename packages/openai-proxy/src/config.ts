/** Settings of the proxy: the only list of them, with defaults, units and descriptions. */
import { accessSchema } from '@switchyard/kit/access';
import { listenSchema } from '@switchyard/kit/listen';
import { LOG_LEVELS } from '@switchyard/kit/logger';
import { z } from 'zod';

const milliseconds = z.int().min(1).max(86_400_000);

const upstreamSchema = z.strictObject({
  url: z
    .url({ protocol: /^(https?|unix)$/, error: 'must be an http, https or unix URL' })
    .default('http://127.0.0.1:8765')
    .describe('Address of the router (ai-inference), without `/v1`; `unix:/run/ai-inference.sock` for a Unix socket.'),
  key: z
    .string()
    .min(1)
    .optional()
    .describe('Key for the router as a secret reference, where it wants one: `${credential:router}`.'),
});

export const configSchema = z.strictObject({
  listen: listenSchema.prefault({ port: 3001 }).describe('Where the proxy listens.'),
  access: accessSchema.prefault({}).describe('Who may use the proxy: one local key per app, if wanted.'),
  allowedHosts: z
    .array(z.string())
    .default([])
    .describe('Host names accepted in the Host header beside the local ones; `*` accepts any.'),
  allowedOrigins: z.array(z.string()).default([]).describe('Web origins whose pages may call, beside those on local names.'),
  upstream: upstreamSchema.prefault({}).describe('The router behind the proxy.'),
  aliases: z
    .record(z.string().min(1).max(300), z.string().min(1).max(300))
    .default({})
    .describe('Name of a model as apps say it → as the router knows it. A name may contain `*`, as in `gpt-*`.'),
  connectMs: milliseconds.default(5000).describe('How long a connection to the router may take, in ms.'),
  silenceMs: milliseconds.default(1_800_000).describe('How long the router may stay silent before or within an answer, in ms.'),
  bodyLimitBytes: z
    .int()
    .min(1024)
    .default(64 * 1024 * 1024)
    .describe('Largest request body, in bytes.'),
  logLevel: z.enum(LOG_LEVELS).default('info').describe('Lines below this level are not written.'),
});

export type ProxyConfig = z.output<typeof configSchema>;
