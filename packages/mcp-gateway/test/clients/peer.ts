// The client an exercise talks through: what both SDKs can do, in the words of the exercise.

export interface CallOptions {
  onProgress?: (progress: number) => void;
  signal?: AbortSignal;
  /** Ask for the log messages of this call. */
  logs?: boolean;
}

export interface Peer {
  protocolVersion(): string;
  tools(): Promise<string[]>;
  resources(): Promise<string[]>;
  prompts(): Promise<string[]>;
  /** The text of the result; throws when the tool failed. */
  call(tool: string, args?: Record<string, unknown>, options?: CallOptions): Promise<string>;
  read(uri: string): Promise<string>;
  prompt(name: string, args: Record<string, string>): Promise<string>;
  complete(prompt: string, argument: string, value: string): Promise<string[]>;
  /** Asks to hear when the list of tools or this resource changes. */
  watch(uri: string): Promise<void>;
  close(): Promise<void>;
}

/** What the server sent by itself. The adapters fill it, the exercise reads it. */
export interface Inbox {
  elicitations: number;
  samplings: number;
  rootsListings: number;
  logs: unknown[];
  updates: string[];
  toolListChanges: number;
}

export const emptyInbox = (): Inbox => ({
  elicitations: 0,
  samplings: 0,
  rootsListings: 0,
  logs: [],
  updates: [],
  toolListChanges: 0,
});

/** What the clients answer when they are asked. */
export const answers = {
  form: { username: 'ada', email: 'ada@example.com', name: 'Ada' },
  model: 'a model for tests',
  completion: 'Paris, of course.',
  roots: [{ uri: 'file:///srv/project', name: 'project' }],
};

/** The text blocks of a result, one a line; throws when the result is that of a tool that failed. */
export function textOf(result: object): string {
  const { content, isError } = result as { content?: unknown; isError?: unknown };
  const blocks = Array.isArray(content) ? (content as { text?: unknown }[]) : [];
  const text = blocks.map((block) => (typeof block.text === 'string' ? block.text : '')).join('\n');
  if (isError) throw new Error(`the tool failed: ${text}`);
  return text;
}
