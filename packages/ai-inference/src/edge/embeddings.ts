/** Embeddings: passed through where the provider speaks the client's format, translated where it does not. */
import { DialectError, type JsonObject, type ModelError } from '@switchyard/dialects';
import { embeddingsFormats } from '@switchyard/dialects/embeddings/index';
import type { Endpoint } from '@switchyard/dialects/endpoints';
import type { AttemptRecord } from '../call/record.ts';
import { simpleCall } from '../call/simple-call.ts';
import { dialects } from '../router.ts';
import { dialectOf, type Inbound, modelOf, routeOf } from './serve.ts';
