/** All kinds of provider by name. */
import { anthropicProvider } from './anthropic.ts';
import { geminiProvider } from './gemini.ts';
import { ollamaProvider } from './ollama.ts';
import { openai, openaiCompatible } from './openai-like.ts';
import { openrouter } from './openrouter.ts';
import type { ProviderProfile, ProviderType } from './provider.ts';
import { venice } from './venice.ts';

export const profiles: Readonly<Record<ProviderType, ProviderProfile>> = {
  venice,
  openrouter,
  anthropic: anthropicProvider,
  gemini: geminiProvider,
  openai,
  ollama: ollamaProvider,
  'openai-compatible': openaiCompatible,
};
