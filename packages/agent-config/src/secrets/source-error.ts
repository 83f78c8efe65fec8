/** What can be wrong with a source of secrets. Each error says what, where and what to do; none holds a value. */

/** `code` is for programs, `remedy` for people. */
export class SourceError extends Error {
  /** The source and the place in it. */
  readonly origin: string;
  /** What was wrong. */
  readonly problem: string;
  /** What to do. */
  readonly remedy: string;

  constructor(origin: string, problem: string, remedy: string, options?: ErrorOptions) {
    super(`${origin}: ${problem} (${remedy})`, options);
    this.name = new.target.name;
    this.origin = origin;
    this.problem = problem;
    this.remedy = remedy;
  }
}

/** Nobody answers: no network, no server, a program that is not installed, a time limit. Exit code 69 on the command line. */
export class SourceUnreachableError extends SourceError {}

/** The source does not let us in, or not there: a missing, wrong or expired token, or too few rights. */
export class SourceRefusedError extends SourceError {}

/** No secret, environment or file by that name. */
export class SecretMissingError extends SourceError {}

/** The secret is there and can not be used: empty, binary, not computed, of a wrong type. */
export class SecretUnusableError extends SourceError {}

/** The source was asked too often. It is not asked again by itself. */
export class SourceRateLimitError extends SourceError {}

/** Somebody changed the same thing in between. */
export class SourceConflictError extends SourceError {}

/** What was asked makes no sense to the source: a malformed address, a definition with errors. */
export class SourceInputError extends SourceError {}

/** The source answered with something that its documentation does not know. */
export class SourceAnswerError extends SourceError {}
