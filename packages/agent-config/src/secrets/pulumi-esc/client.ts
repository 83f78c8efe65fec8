/**
 * A small client of Pulumi ESC's REST API. The vendor's SDK drops the port of the address and the `secret` mark of values;
 * the CLI's shell output is not safe to evaluate.
 */
import { didYouMean } from '@switchyard/kit/nearest';
import { type Answer, ask, objectIn } from '../answer.ts';
import type { SourceContext } from '../source.ts';
import { SecretMissingError, SecretUnusableError, SourceAnswerError, SourceError } from '../source-error.ts';
import { escAccessToken } from './access-token.ts';
import { type EscAddress, escBaseUrl, escPath } from './address.ts';
import { type EscEnvironment, readEvaluated } from './evaluated.ts';
import { diagnosticsIn, escRefusal } from './refusal.ts';

/** How long an opened environment can be read, as a Go duration. What is dynamic in it lives as long. */
const sessionLife = '15m0s';

export class EscClient {
  readonly #address: EscAddress;
  readonly #context: SourceContext;
  readonly #baseUrl: string;
  #token: Promise<string> | undefined;
  #session: string | undefined;

  /** Throws SourceInputError for an address of the server that is none. */
  constructor(address: EscAddress, context: SourceContext) {
    this.#address = address;
    this.#context = context;
    this.#baseUrl = escBaseUrl(context.env);
  }

  /** For messages. */
  get origin(): string {
    return `Pulumi ESC ${this.#address.text}`;
  }

  /** The environment's values, evaluated anew by the server. A session that has ended is opened once again. */
  async read(): Promise<EscEnvironment> {
    const known = this.#session;
    this.#session ??= await this.#open();
    let answer = await this.#readSession(this.#session);
    if (answer.status === 404 && known !== undefined) {
      this.#session = await this.#open();
      answer = await this.#readSession(this.#session);
    }
    if (answer.status !== 200) {
      this.#session = undefined;
      throw escRefusal(answer, this.origin);
    }
    const environment = readEvaluated(objectIn(answer, this.origin));
    if (typeof environment !== 'string') return environment;
    throw new SecretUnusableError(this.origin, environment, 'look at it with `esc env open`, and mend its definition');
  }

  /** Changes exactly when the definition does. Values of providers may change without it. */
  async etag(): Promise<string> {
    const answer = await this.#ask(escPath(this.#address), 'HEAD');
    if (answer.status !== 200) throw escRefusal(answer, this.origin);
    const { etag } = answer.headers;
    if (typeof etag === 'string') return etag;
    throw this.#strange('no ETag');
  }

  /** The names `project/environment` the token may see in the organization. */
  async #environments(): Promise<string[]> {
    const names: string[] = [];
    for (let next: string | undefined = ''; next !== undefined; ) {
      const query: string = next === '' ? '' : `?continuationToken=${encodeURIComponent(next)}`;
      const answer = await this.#ask(`/api/esc/environments/${encodeURIComponent(this.#address.organization)}${query}`);
      if (answer.status !== 200) throw escRefusal(answer, this.origin);
      const page = objectIn(answer, this.origin) as { environments?: { project: string; name: string }[]; nextToken?: string };
      for (const { project, name } of page.environments ?? []) names.push(`${project}/${name}`);
      next = page.nextToken || undefined;
    }
    return names;
  }

  /** Opening can make the server mint keys: it is never repeated by itself. */
  async #open(): Promise<string> {
    const { version } = this.#address;
    const at = version === undefined ? '' : `/versions/${encodeURIComponent(version)}`;
    const answer = await this.#ask(`${escPath(this.#address)}${at}/open?duration=${sessionLife}`, 'POST');
    if (answer.status === 404) throw await this.#missing(answer);
    if (answer.status !== 200) throw escRefusal(answer, this.origin);
    const { id } = objectIn(answer, this.origin);
    if (typeof id === 'string' && id !== '') return id;
    const said = diagnosticsIn(answer.text);
    throw this.#strange(said.length > 0 ? said.join('\n  ') : 'no session');
  }

  /** Names the environment that was probably meant. */
  async #missing(answer: Answer): Promise<SourceError> {
    const refusal = escRefusal(answer, this.origin);
    const { project, environment } = this.#address;
    try {
      const hint = didYouMean(`${project}/${environment}`, await this.#environments());
      return new SecretMissingError(this.origin, refusal.problem + hint, refusal.remedy);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      return refusal; // Who may not see the environment may not see the list either.
    }
  }

  #readSession(session: string): Promise<Answer> {
    return this.#ask(`${escPath(this.#address)}/open/${encodeURIComponent(session)}`);
  }

  async #ask(path: string, method: 'GET' | 'HEAD' | 'POST' = 'GET'): Promise<Answer> {
    this.#token ??= escAccessToken(this.#baseUrl, this.#address.organization, this.#context);
    this.#token.catch(() => (this.#token = undefined));
    const headers = {
      authorization: `token ${await this.#token}`,
      accept: 'application/vnd.pulumi+8',
      'content-type': 'application/json',
      'user-agent': 'switchyard',
    };
    return ask({ url: this.#baseUrl + path, method, headers, origin: this.origin }, this.#context);
  }

  #strange(what: string): SourceAnswerError {
    return new SourceAnswerError(this.origin, `answered with ${what}`, 'is PULUMI_BACKEND_URL the address of a Pulumi API?');
  }
}
