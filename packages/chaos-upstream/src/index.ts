/** A model provider for tests: every dialect on one port, answers that can be foretold, faults on demand. */
export * from './ask.ts';
export * from './error-shapes.ts';
export { answerTo, instanceOf, vectorOf } from './fake-model.ts';
export * from './fault.ts';
export * from './guard.ts';
export { type HeaderSet, headerSets } from './header-sets.ts';
export * from './server.ts';
export { sign } from './signature.ts';
