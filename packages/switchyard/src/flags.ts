/** Reads a command's flags; a wrong one is named together with the nearest right one. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { didYouMean } from '@switchyard/kit/nearest';
import { CommandError } from './command.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** Flags and positional arguments. Throws CommandError (64) naming the flag that is unknown or lacks its value. */
export function readFlags<T extends Options>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const flag = /'(--?[^'\s=]+)/.exec((error as Error).message)?.[1];
    const known = Object.keys(options);
    if ((error as NodeJS.ErrnoException).code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' && flag) {
      throw new CommandError(`unknown flag ${flag}${didYouMean(flag.replace(/^-+/, ''), known)}`, 64);
    }
    throw new CommandError((error as Error).message, 64);
  }
}
