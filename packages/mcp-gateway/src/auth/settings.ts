/** The settings of who may do what: `auth` and `sockets` of the configuration. */
import { isIP } from 'node:net';
import { isLoopback } from '@switchyard/kit/listen';
import { z } from 'zod';
import { grantShape } from './grant.ts';

const addressRange = z.string().refine((text) => {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  const most = family === 4 ? 32 : 128;
  return family !== 0 && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most));
}, 'must be an IP address or a range such as "100.64.0.0/10"');

const secureUrl = z.url().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
}, 'must be an https URL');

const ratePerMinute = z.int().min(1).max(1_000_000);

const oauthSchema = z.strictObject({
  issuer: secureUrl.describe('Authorization server, exactly as the `iss` of its tokens.'),
  audience: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .optional()
    .describe(
      'What `aud` of a token for the whole gateway says. Default: `publicUrl`. The URL of an endpoint is accepted there in any case.',
    ),
  jwksUrl: secureUrl
    .optional()
    .describe('Where the keys of the issuer are. Default: found through its metadata (RFC 8414, OpenID Connect Discovery).'),
  scopes: z
    .record(
      z
        .string()
        .regex(
          /^mcp:(read|write|destructive|admin|server:.+)$/,
          'must be one of our scopes: mcp:read, mcp:write, mcp:destructive, mcp:admin, mcp:server:NAME',
        ),
      z.string().min(1),
    )
    .default({})
    .describe(
      'Our scopes (`mcp:read`, `mcp:write`, `mcp:destructive`, `mcp:admin`, `mcp:server:NAME`) by the names that the issuer gives them, where those differ.',
    ),
  ratePerMinute: ratePerMinute.default(100).describe('Calls per minute and subject.'),
});

const declaredTokenSchema = z.strictObject({
  token: z.string().min(1).describe('The token itself as a secret reference, `${credential:agent}`; 20 characters or more.'),
  ...grantShape,
  ratePerMinute: ratePerMinute.default(100).describe('Calls per minute.'),
  expiresAt: z.iso.date().or(z.iso.datetime()).optional().describe('Date or time (UTC) from which it is no good.'),
});

export const authSchema = z.strictObject({
  anonymous: z
    .enum(['loopback', 'never', 'always'])
    .default('loopback')
    .describe(
      'Who may do everything without a token: `loopback`, programs of this machine that come directly and not through a proxy; `never`, nobody; `always`, whoever reaches a loopback port or Unix socket, also through a proxy, which then has to know who they are.',
    ),
  allowedAddresses: z
    .array(addressRange)
    .optional()
    .describe('Addresses and ranges from which TCP connections are accepted beside loopback. Default: any.'),
  tokens: z
    .record(
      z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/, 'must have 1 to 64 letters, digits, "-", "_", "." or "@"'),
      declaredTokenSchema,
    )
    .default({})
    .describe('Bearer tokens by name, beside those of `switchyard token create`; shown as `token:NAME`.'),
  oauth: oauthSchema.optional().describe('Accepts JWTs of an OAuth 2.1 authorization server. Needs `publicUrl`.'),
});

export const socketSchema = z.strictObject({
  path: z.string().startsWith('/', 'must be an absolute path').max(107).describe('Path of the Unix socket.'),
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'must be an octal file mode such as "0660"')
    .default('0660')
    .describe('Permissions of the socket, octal: whoever may open it is the caller.'),
  fd: z
    .string()
    .min(1)
    .optional()
    .describe('Name of the socket passed by systemd (FileDescriptorName=), used instead of the path where there is one.'),
  caller: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/, 'must have 1 to 64 letters, digits, "-", "_", "." or "@"')
    .describe('Who comes through this socket; shown as `socket:NAME`.'),
  ...grantShape,
  ratePerMinute: ratePerMinute.optional().describe('Calls per minute. Default: no limit.'),
});

export type AuthSettings = z.output<typeof authSchema>;
export type DeclaredTokenSettings = z.output<typeof declaredTokenSchema>;
export type OAuthSettings = z.output<typeof oauthSchema>;
export type SocketSettings = z.output<typeof socketSchema>;
