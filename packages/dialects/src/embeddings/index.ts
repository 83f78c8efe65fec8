/** Embeddings in three dialects around one small model: `openaiEmbeddings`, `geminiEmbeddings`, `ollamaEmbeddings`. */
export * as geminiEmbeddings from './gemini.ts';
export type * from './model.ts';
export * as ollamaEmbeddings from './ollama.ts';
export * as openaiEmbeddings from './openai.ts';
