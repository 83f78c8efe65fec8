/** What a server may ask its client in the middle of a call, and which capability the client needs for each. */
import { errorCodes, type JsonObject, RpcError } from '../jsonrpc/message.ts';

const capabilityOf: Readonly<Record<string, string>> = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
};

export function isQuestion(method: string): boolean {
  return Object.hasOwn(capabilityOf, method);
}

/** Whether a client with these capabilities can answer `method`; without one, whether it can answer anything at all. */
export function canAnswer(capabilities: JsonObject, method?: string): boolean {
  const needed = method === undefined ? Object.values(capabilityOf) : [capabilityOf[method] ?? ''];
  return needed.some((name) => capabilities[name] !== undefined);
}

/** The error for a client that lacks what a question needs (2026-07-28, Base › Error Codes: -32021 with HTTP 400). */
export function missingCapability(method: string): RpcError {
  const capability = capabilityOf[method] ?? method;
  return new RpcError(
    errorCodes.missingClientCapability,
    `the server asks ${method}, for which the client needs the capability "${capability}"`,
    {
      httpStatus: 400,
      data: { requiredCapabilities: { [capability]: {} } },
    },
  );
}
