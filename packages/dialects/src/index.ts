/** Wire formats of language models around one model of request, answer and stream. */
export { anthropic } from './anthropic/index.ts';
export * from './dialect.ts';
export { gemini, geminiArrayStream } from './gemini/index.ts';
export * from './model/answer.ts';
export * from './model/custom-tools.ts';
export * from './model/effort.ts';
export * from './model/error.ts';
export * from './model/json.ts';
export * from './model/opaque.ts';
export * from './model/request.ts';
export * from './model/tool-names.ts';
export * from './ndjson.ts';
export { ollama } from './ollama/index.ts';
export * from './sse.ts';
