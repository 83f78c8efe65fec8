// What an exercise is told and what it reports; the same for both client SDKs, so that their reports can be compared.

export interface Options {
  /** How the endpoint under test names things; left out: as the server itself does. */
  names?: Partial<Names>;
  /** Sent with every HTTP request. */
  headers?: Record<string, string>;
  /** How long to wait for something that should arrive by itself. Default 5000. */
  patienceMs?: number;
}

/** Translates the fixture's own names into those of the endpoint under test. */
export interface Names {
  tool(name: string): string;
  prompt(name: string): string;
  uri(uri: string): string;
}

/** The names on an endpoint that puts several servers together: `{server}__{name}`. */
export const aggregated = (server: string): Partial<Names> => ({
  tool: (name) => `${server}__${name}`,
  prompt: (name) => `${server}__${name}`,
});

/** A question the server put to the client: how often it was asked during the call, and the text the call ended with. */
export interface Asked {
  times: number;
  result: string;
}

export interface Report {
  protocolVersion: string;
  tools: string[];
  resources: string[];
  prompts: string[];
  /** Text of the plain tool, of the static resource and of the prompt with arguments. */
  said: { tool: string; resource: string; prompt: string };
  completion: string[];
  /** The `progress` values of one call, in the order they arrived. */
  progress: number[];
  cancel: {
    /** From abort() until the call was rejected. */
    rejectedAfterMs: number;
    /** From abort() until the upstream had counted the cancellation; undefined: it never did. */
    seenUpstreamAfterMs: number | undefined;
  };
  elicitation: Asked;
  sampling: Asked;
  roots: Asked;
  /** The `data` of the log messages that one call wrote. */
  logs: unknown[];
  /** The resource that was subscribed to, before and after the update it was notified of; undefined: no notification came. */
  update: { before: string; after: string } | undefined;
  /** Tools that came or went after the list was announced to have changed; undefined: no notification came. */
  listChange: string[] | undefined;
}
