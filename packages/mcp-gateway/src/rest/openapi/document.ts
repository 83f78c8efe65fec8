/** The parts that every OpenAPI document of ours has, and the schemas that they share. */
import { z } from 'zod';
import type { JsonObject } from '../../jsonrpc/message.ts';
import { problemShape, toolResultShape } from '../shapes.ts';

export interface DocumentParts {
  title: string;
  version: string;
  description?: string | undefined;
  /** URL of the gateway, without a trailing slash. */
  baseUrl: string;
  paths: JsonObject;
  schemas: JsonObject;
}

/** An OpenAPI 3.1 document. */
export function openApiDocument({ title, version, description, baseUrl, paths, schemas }: DocumentParts): JsonObject {
  return {
    openapi: '3.1.0',
    info: { title, version, ...(description !== undefined && { description }) },
    servers: [{ url: baseUrl }],
    // Whether a token is needed depends on where the caller is.
    security: [{}, { bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: { ...componentsOf([toolResultShape, problemShape]), ...schemas },
      responses: {
        Problem: { description: 'What was wrong, and what to do.', ...content('application/problem+json', schemaRef('Problem')) },
      },
    },
  };
}

/** The components of zod schemas that have an id, each under that id, with references between them. */
export function componentsOf(shapes: readonly z.ZodType[]): JsonObject {
  const registry = z.registry<{ id: string }>();
  for (const shape of shapes) registry.add(shape, { id: shape.meta()?.id ?? '' });
  const { schemas } = z.toJSONSchema(registry, {
    uri: (id) => `#/components/schemas/${id}`,
    target: 'draft-2020-12',
    io: 'input',
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => {
      const { $schema: _schema, $id: _id, id: _name, ...rest } = schema as JsonObject;
      return [id, rest];
    }),
  );
}

export const schemaRef = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` });

export const content = (type: string, schema: JsonObject): JsonObject => ({ content: { [type]: { schema } } });

/** The answers of an operation that fails with a problem: `{200: …, default: Problem}`. */
export function responses(success: JsonObject): JsonObject {
  return { '200': success, default: { $ref: '#/components/responses/Problem' } };
}

/** Both forms of the answer to a tool call. */
export function toolAnswer(result: JsonObject): JsonObject {
  const stream = {
    type: 'string',
    description:
      'With `Accept: text/event-stream`: `progress` events, then one `result` (this object) or one `error` (a problem).',
  };
  return {
    description: "The tool's result. `isError: true` inside says that the tool failed.",
    content: { 'application/json': { schema: result }, 'text/event-stream': { schema: stream } },
  };
}
