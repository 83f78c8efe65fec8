/** Headers that providers put on their answers: balances, limits, notices. */
export type HeaderSet = 'venice' | 'venice-deprecated' | 'anthropic' | 'openai' | 'openrouter';

export const headerSets: Readonly<Record<HeaderSet, Readonly<Record<string, string>>>> = {
  venice: {
    'x-venice-balance-diem': '90.5',
    'x-venice-balance-usd': '25.00',
    'x-venice-model-id': 'zai-org-glm-5-2',
    'x-venice-version': '20260821',
    // Requests reset at a Unix time, tokens after seconds.
    'x-ratelimit-limit-requests': '50',
    'x-ratelimit-remaining-requests': '49',
    'x-ratelimit-reset-requests': '1795000060',
    'x-ratelimit-limit-tokens': '750000',
    'x-ratelimit-remaining-tokens': '740000',
    'x-ratelimit-reset-tokens': '12',
    'x-ratelimit-type': 'api_key',
    'cf-ray': '8f0000000000-AMS',
  },
  'venice-deprecated': {
    'x-venice-model-id': 'zai-org-glm-5-2',
    'x-venice-model-deprecation-warning': 'This model will be retired. Use zai-org-glm-5-2.',
    'x-venice-model-deprecation-date': '2026-12-01T00:00:00.000Z',
  },
  anthropic: {
    'request-id': 'req_011CSHoEeqs5C35K2UUqR7Fy',
    'anthropic-ratelimit-requests-limit': '4000',
    'anthropic-ratelimit-requests-remaining': '3999',
    'anthropic-ratelimit-requests-reset': '2026-11-20T12:00:01Z',
    'anthropic-ratelimit-input-tokens-limit': '2000000',
    'anthropic-ratelimit-input-tokens-remaining': '1999000',
    'anthropic-ratelimit-input-tokens-reset': '2026-11-20T12:00:01Z',
    'anthropic-ratelimit-output-tokens-limit': '400000',
    'anthropic-ratelimit-output-tokens-remaining': '400000',
    'anthropic-ratelimit-output-tokens-reset': '2026-11-20T12:00:00Z',
  },
  openai: {
    'x-request-id': 'req_0123456789abcdef',
    'openai-processing-ms': '12',
    'x-ratelimit-limit-requests': '10000',
    'x-ratelimit-remaining-requests': '9999',
    'x-ratelimit-reset-requests': '6ms',
    'x-ratelimit-limit-tokens': '2000000',
    'x-ratelimit-remaining-tokens': '1999000',
    'x-ratelimit-reset-tokens': '1m0.5s',
  },
  openrouter: { 'x-generation-id': 'gen-1795000000-chaos', 'cf-ray': '8f0000000000-AMS' },
};
