/**
 * Ends our children when we cannot: a tiny shell that outlives the gateway by a moment. It holds the reading end of a pipe
 * whose other end only the gateway has; when that closes (even by SIGKILL) it ends every process group it was told of.
 */
import { type ChildProcess, spawn } from 'node:child_process';

/** Reads `+ PID` and `- PID`; at the end of its input: SIGTERM to what is left, SIGKILL two seconds later. */
const script = `
trap '' INT TERM HUP
groups=" "
while read -r sign pid; do
  case "$sign" in
    +) groups="$groups$pid " ;;
    -) case "$groups" in *" $pid "*) groups="\${groups%% $pid *} \${groups#* $pid }" ;; esac ;;
  esac
done
for pid in $groups; do kill -TERM -"$pid" 2>/dev/null; done
[ -z "$(echo $groups)" ] || sleep 2
for pid in $groups; do kill -KILL -"$pid" 2>/dev/null; done
`;

export class Guardian {
  #shell: ChildProcess | undefined;

  /** Takes the process group led by `pid` into care. */
  watch(pid: number): void {
    this.#tell(`+ ${pid}`);
  }

  /** The leader ended; its number may be another's soon. */
  forget(pid: number): void {
    this.#tell(`- ${pid}`);
  }

  get pid(): number | undefined {
    return this.#shell?.pid;
  }

  #tell(line: string): void {
    this.#shell ??= this.#start();
    this.#shell.stdin?.write(`${line}\n`);
  }

  #start(): ChildProcess {
    const shell = spawn('/bin/sh', ['-c', script], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
    });
    // A machine without /bin/sh has no guardian; children still see their stdin close.
    shell.on('error', () => {});
    shell.stdin?.on('error', () => {});
    shell.unref();
    (shell.stdin as unknown as { unref?(): void } | null)?.unref?.();
    return shell;
  }
}

let shared: Guardian | undefined;

/** The guardian of this process; one serves all servers. */
export function guardian(): Guardian {
  shared ??= new Guardian();
  return shared;
}
