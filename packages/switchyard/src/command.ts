/** What a command is, and how it says that it cannot do its work. */

export interface Command {
  /** Usage line without the program's name. */
  usage: string;
  /** The command reads every flag itself, `--help` included. */
  ownsFlags?: boolean;
  /** Runs to the end and gives the exit code. Throws CommandError. */
  run(args: readonly string[]): Promise<number>;
}

/** An expected failure: its message is all the user needs to see. */
export class CommandError extends Error {
  readonly exitCode: number;

  /** `exitCode`: 1 for a failure, 64 (EX_USAGE) for a wrong command line, 69 (EX_UNAVAILABLE) when nothing answers. */
  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}
