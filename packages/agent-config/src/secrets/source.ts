/** What a source of secrets is: something that knows names, and gives the value of one when it is asked for it. */
import type { Clock } from '@switchyard/kit/clock';
import type { HttpClient } from '@switchyard/kit/http-client';
import type { Secrets } from '@switchyard/kit/secrets';

/** The kinds, as they are written before the colon of `--source KIND:WHERE`. */
export type SourceKind = 'files' | 'env' | 'credentials' | 'sops' | 'age' | 'agenix' | 'op' | 'op-connect' | 'infisical' | 'esc';

/** One value. It is known to `Secrets.mask` already when it is handed out and `secret`. */
export interface SecretReading {
  value: string;
  /** Whether the source keeps it as a secret. True where the source does not tell the two apart. */
  secret: boolean;
  /** Where it came from, for a person: a path, a reference, an environment and its property. Never a value. */
  origin: string;
  /** What is wrong with how it is kept, such as a file that everybody may read. */
  warning?: string;
}

/** One place with secrets. Every method throws `SourceError` and nothing else. */
export interface SecretSource {
  readonly kind: SourceKind;
  /** The place, for a person. */
  readonly where: string;
  /** Names in their own spelling; undefined where the source can not say what it has. */
  list(): Promise<readonly string[] | undefined>;
  /** The value of one name. */
  read(name: string): Promise<SecretReading>;
  /** What stands for the value in a declaration (`${file:/run/secrets/x}`); undefined where a daemon can not reach it by itself. */
  referenceTo(name: string): string | undefined;
}

/** What sources need from the outside. */
export interface SourceContext {
  /** Follows references and masks; every secret that is read becomes known to it. */
  secrets: Secrets;
  env: NodeJS.ProcessEnv;
  httpClient: HttpClient;
  clock: Clock;
  /** Longest wait for one answer or one program, milliseconds. */
  timeoutMs: number;
}
