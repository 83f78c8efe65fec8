/** Settings of the router: the only list of them, with defaults, units and descriptions. */
import { accessSchema } from '@switchyard/kit/access';
import { listenSchema } from '@switchyard/kit/listen';
import { LOG_LEVELS } from '@switchyard/kit/logger';
import { z } from 'zod';
import { taskNames } from './policy/tasks.ts';
import { providerTypes } from './providers/provider.ts';
import { privacyLevels } from './routing/privacy.ts';

const milliseconds = z.int().min(1).max(86_400_000);

const url = z.url({ protocol: /^(https?|unix)$/, error: 'must be an http, https or unix URL' });

export const providerSchema = z.strictObject({
  type: z
    .enum(providerTypes)
    .optional()
    .describe('Kind of provider. Default: its name where that is a kind, else `openai-compatible`.'),
  enabled: z.boolean().default(true).describe('False leaves it out, also when its key is in the environment.'),
  baseUrl: url
    .optional()
    .describe("Base URL as the provider's own SDK writes it: OpenAI-like ones with `/v1`, Anthropic, Gemini and Ollama without."),
  apiKey: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Key as a secret reference, `${credential:venice}`. Default: the variable of its kind, such as `VENICE_API_KEY`, where it is set.',
    ),
  adminKey: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Key that may read the bill, as a secret reference: with it each day of the ledger is compared with what the provider says it did cost (Venice: an ADMIN key, OpenRouter: a management key, Anthropic and OpenAI: an admin key).',
    ),
  headers: z
    .record(z.string(), z.string())
    .default({})
    .describe('Further headers of every request, such as `HTTP-Referer`; values may be secret references.'),
  privacy: z
    .enum(privacyLevels)
    .optional()
    .describe(
      'What its models are trusted with: `any` prompt that asks for nothing, `anonymized`, `private` (it keeps nothing), `local`. Default: `local` on this machine, what Venice says of each model, `private` for OpenRouter (held to it by `zdr` and `data_collection`), else `any`.',
    ),
  includeVeniceSystemPrompt: z
    .boolean()
    .default(false)
    .describe("Venice: whether its own system prompt is put before the client's (Venice would do so unless told otherwise)."),
  contextTokens: z
    .int()
    .min(256)
    .optional()
    .describe('Ollama: context window to load models with, in tokens (`num_ctx`); its default cuts longer prompts silently.'),
});

const timeoutsSchema = z.strictObject({
  connectMs: milliseconds.default(10_000).describe('How long a connection to a provider may take, in ms.'),
  firstTokenMs: milliseconds.default(120_000).describe('How long the first piece of an answer may take, in ms.'),
  gapMs: milliseconds.default(120_000).describe('How long a stream may stay silent between two pieces, in ms.'),
  totalMs: milliseconds.default(1_800_000).describe('How long one attempt may take in all, in ms.'),
});

const retriesSchema = z.strictObject({
  attempts: z
    .int()
    .min(1)
    .max(10)
    .default(2)
    .describe('How often one model of one provider is tried before the next of the route.'),
  baseDelayMs: milliseconds
    .default(250)
    .describe('Wait before the second try, in ms; doubled for each further one, with jitter.'),
  maxDelayMs: milliseconds
    .default(5000)
    .describe(
      'Longest wait before a try, in ms. A provider that asks for more (`Retry-After`) is not tried again; the client is told.',
    ),
});

const breakerSchema = z.strictObject({
  failures: z.int().min(1).default(5).describe('Consecutive failures of a provider with a model that open its breaker.'),
  openMs: milliseconds.default(20_000).describe('How long it is left alone before one request is let through to try, in ms.'),
});

const routeName = z.string().regex(/^[^\s]{1,200}$/, 'must have 1 to 200 characters and no space');
const modelName = z.string().min(1).max(300);

const usd = z.number().min(0);
const oneOrMoreModels = z.union([modelName, z.array(modelName).min(1).max(20)]);

const cascadeSchema = z
  .strictObject({
    models: z
      .array(modelName)
      .min(1)
      .max(5)
      .describe('Models that are asked first, at the same time; the first of them answers.'),
    verify: z
      .enum(['agreement', 'json', 'command'])
      .default('agreement')
      .describe(
        'When an answer is kept: `agreement`, all of `models` say the same; `json`, it is JSON that fits the schema of the request; `command`, the program says so.',
      ),
    command: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe(
        'Program and arguments that judge an answer, which comes on its standard input: exit status 0 keeps it. No shell, and no variables but `PATH`.',
      ),
    commandTimeoutMs: milliseconds
      .default(10_000)
      .describe('How long that program may take, in ms; then the answer is not kept.'),
  })
  .refine(({ verify, models }) => verify !== 'agreement' || models.length > 1, {
    path: ['models'],
    error: 'needs two models or more to agree',
  })
  .refine(({ verify, command }) => (verify === 'command') === (command !== undefined), {
    path: ['command'],
    error: 'belongs to "verify": "command", and is needed there',
  });

const routeSchema = z.strictObject({
  cheap: oneOrMoreModels.describe(
    'Models of the side that most requests go to, in order: `provider/model` or a name that resolves.',
  ),
  strong: oneOrMoreModels.describe('Models of the side that the rest goes to.'),
  targetRatio: z.number().min(0).max(100).default(97.3).describe('Share of the cheap side in percent, held exactly in `unit`.'),
  unit: z.enum(['requests', 'tokens', 'usd']).default('usd').describe('What the ratio is counted in.'),
  complexityThreshold: z
    .number()
    .min(0)
    .max(100)
    .default(25)
    .describe(
      "Quantile below which a request stays on the cheap side, in percent: 25 keeps the simplest quarter of this route's own traffic there. Higher = more to the cheap side.",
    ),
  tasks: z
    .boolean()
    .default(false)
    .describe(
      'Whether requests that are plainly of one of the kinds in `tasks` go to the models of that kind; the ratio counts them.',
    ),
  cascade: cascadeSchema
    .optional()
    .describe(
      'Asks cheap models first and the strong side only when their answer is not to be trusted. Takes the place of the ratio; a stream begins when the answer is judged.',
    ),
  privacy: z.enum(privacyLevels).default('any').describe('The least that is asked of who reads the requests of this route.'),
  cache: z.boolean().default(false).describe('Whether equal deterministic requests are answered from the cache (`cache`).'),
});

const privacySchema = z.strictObject({
  default: z.enum(privacyLevels).default('any').describe('The least that is asked of who reads any request.'),
  apps: z
    .record(z.string().min(1), z.enum(privacyLevels))
    .default({})
    .describe(
      'Name of a key in `access.keys` (`anonymous`: without one), or of an app that a delegate names → the least for its requests. What holds for a delegate holds for its apps as well.',
    ),
});

const semanticSchema = z.strictObject({
  url: url.describe('Address of a server that finds answers to what means the same; see docs/routing.md.'),
  token: z.string().min(1).optional().describe('Its key as a secret reference, sent as `Authorization: Bearer`.'),
  minSimilarity: z.number().min(0).max(1).default(0.97).describe('How alike two requests have to be, 0 to 1.'),
  timeoutMs: milliseconds.default(300).describe('How long it may take before a provider is asked, in ms.'),
});

const cacheSchema = z.strictObject({
  scope: z
    .enum(['routes', 'all'])
    .default('routes')
    .describe('Whose answers are kept: `routes`, of the routes with `cache`; `all`, of every request.'),
  ttlMs: milliseconds.default(3_600_000).describe('How long an answer is kept, in ms.'),
  maxBytes: z
    .int()
    .min(1024)
    .default(64 * 1024 * 1024)
    .describe('Memory for answers, in bytes; the least recently used one goes first.'),
  semantic: semanticSchema
    .optional()
    .describe('A further cache that knows what means the same, for the requests that the exact one is for.'),
  perApp: z.boolean().default(true).describe("False gives an app the answers to another app's requests."),
});

const budgetSchema = z.strictObject({
  app: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Only requests with the key of this name in `access.keys` (`anonymous`: without one), or for an app that a delegate names so.',
    ),
  provider: z.string().min(1).optional().describe('Only what goes to this provider.'),
  period: z.enum(['day', 'month']).describe('Begins at 00:00 UTC.'),
  limitUsd: usd.describe('Beyond this requests are refused, in USD.'),
  softUsd: usd.optional().describe('Beyond this it is said in the log, in USD.'),
});

const priceSchema = z.strictObject({
  from: z.iso.date().or(z.iso.datetime()).optional().describe('Date or time (UTC) from which the price holds. Default: always.'),
  inputUsd: usd.optional().describe('USD per million tokens of input.'),
  outputUsd: usd.optional().describe('USD per million tokens of output, reasoning included.'),
  cachedInputUsd: usd.optional().describe('USD per million tokens read from the prompt cache. Default: as input.'),
  cacheWriteUsd: usd.optional().describe('USD per million tokens written to the prompt cache. Default: as input.'),
  cacheWrite1hUsd: usd
    .optional()
    .describe('USD per million tokens written to the prompt cache for an hour. Default: as `cacheWriteUsd`.'),
  webSearchUsd: usd
    .optional()
    .describe('USD per thousand web searches of the provider. Without it the cost of an answer with searches is unknown.'),
});

const routerAccessSchema = accessSchema
  .extend({
    delegates: z
      .array(z.string().min(1))
      .default([])
      .describe(
        "Names in `access.keys` whose holders may say for which app they ask, in the header `x-switchyard-app`: budgets, usage, caches and privacy are then that app's. Meant for openai-proxy, which knows its apps by their local keys.",
      ),
  })
  .superRefine(({ keys, delegates }, context) => {
    for (const [index, name] of delegates.entries())
      if (!Object.hasOwn(keys, name))
        context.addIssue({
          code: 'custom',
          path: ['delegates', index],
          message: `"${name}" is no name in "access.keys": whoever speaks for others has to have a key`,
        });
  });

export const configSchema = z.strictObject({
  listen: listenSchema.prefault({ port: 8765 }).describe('Where the router listens.'),
  access: routerAccessSchema.prefault({}).describe('Who may use the router.'),
  allowedHosts: z
    .array(z.string())
    .default([])
    .describe('Host names accepted in the Host header beside the local ones; `*` accepts any.'),
  allowedOrigins: z.array(z.string()).default([]).describe('Web origins whose pages may call, beside those on local names.'),
  providers: z
    .record(
      z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'must have 1 to 64 letters, digits, "-", "_" or "."'),
      providerSchema,
    )
    .default({})
    .describe(
      'Providers by name, in order of preference. Those whose key is in the environment (`VENICE_API_KEY`, …) are added, and Ollama where it answers.',
    ),
  discoverProviders: z
    .boolean()
    .default(true)
    .describe('Whether providers are added from the environment, and Ollama on this machine by asking for it.'),
  aliases: z
    .record(routeName, z.union([modelName, z.array(modelName).min(1).max(20)]))
    .default({})
    .describe(
      'Name as clients ask for it → `provider/model`, or several of them: each is tried when the one before fails. A name may contain `*`, as in `claude-*`; the longest one that fits counts.',
    ),
  defaultModel: z
    .union([modelName, z.array(modelName).min(1).max(20)])
    .optional()
    .describe('What serves names that nobody knows. Without it they are refused.'),
  routes: z
    .record(routeName, routeSchema)
    .default({})
    .describe(
      'Names under which requests are divided between a cheap and a strong side: `auto` holds the ratio, `auto:cheap` and `auto:strong` name a side, `auto@20` sends the hardest 20 % to the strong side.',
    ),
  tasks: z
    .partialRecord(z.enum(taskNames), oneOrMoreModels)
    .default({})
    .describe(
      'Kind of request → its models, in order. Each kind can be asked for by its name; routes with `tasks` recognise them: `long-context` (long prompts and summaries, pictures, files), `reasoning` (code, analysis), `classify` (one of some classes), `fast` (titles, names).',
    ),
  longContextTokens: z
    .int()
    .min(1000)
    .default(100_000)
    .describe('Length of a prompt from which it is of the kind `long-context`, in tokens (estimated).'),
  retiredModels: z
    .record(modelName, oneOrMoreModels)
    .default({})
    .describe(
      'Model that its maker no longer serves (may contain `*`) → what is asked for instead. Goes before the list this router knows, and only where the provider does not have the name.',
    ),
  privacy: privacySchema
    .prefault({})
    .describe('Who may read which prompts. A request may ask for more with the header `x-switchyard-privacy`, never for less.'),
  cache: cacheSchema
    .prefault({})
    .describe(
      'Exact cache of whole answers, in memory: for requests without a stream and with temperature 0 that are equal to the byte. Off unless a route has `cache` or `scope` is `all`.',
    ),
  budgets: z.array(budgetSchema).default([]).describe('What may be spent. A request falls under every budget that fits it.'),
  prices: z
    .record(modelName, z.array(priceSchema).min(1))
    .default({})
    .describe('`provider/model` (may contain `*`) → prices that count instead of those of the provider and the table.'),
  stateDirectory: z
    .string()
    .startsWith('/', 'must be an absolute path')
    .optional()
    .describe('Folder of the ledger. Default: `$STATE_DIRECTORY` under systemd, else `~/.local/state/switchyard/ai-inference`.'),
  timeouts: timeoutsSchema.prefault({}).describe('Timers of one attempt.'),
  retries: retriesSchema.prefault({}).describe('What is tried again, as long as nothing of an answer was sent to the client.'),
  breaker: breakerSchema.prefault({}).describe('When a provider with a model is left alone.'),
  modelsRefreshMs: milliseconds.default(600_000).describe("How long a provider's list of models is believed, in ms."),
  bodyLimitBytes: z
    .int()
    .min(1024)
    .default(64 * 1024 * 1024)
    .describe('Largest request body, in bytes.'),
  answerLimitBytes: z
    .int()
    .min(1024)
    .default(128 * 1024 * 1024)
    .describe('Largest whole answer of a provider, in bytes.'),
  logLevel: z.enum(LOG_LEVELS).default('info').describe('Lines below this level are not written.'),
});

export type RouterConfig = z.output<typeof configSchema>;
export type ProviderConfig = z.output<typeof providerSchema>;
