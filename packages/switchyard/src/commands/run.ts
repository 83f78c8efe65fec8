/** `switchyard run DAEMON`: one daemon in the foreground, with that daemon's own flags. */
import { runDaemonMain } from '@switchyard/kit/daemon-main';
import { didYouMean } from '@switchyard/kit/nearest';
import type { Service } from '@switchyard/kit/service';
import { type Command, CommandError } from '../command.ts';
import { daemonNames, daemons } from '../daemons.ts';

export const command: Command = {
  usage: `run DAEMON [--config FILE] [--host H] [--port N]\n\nDAEMON is one of: ${daemonNames.join(', ')}. \`switchyard run DAEMON --help\` shows all flags.`,
  ownsFlags: true,
  async run([name, ...args]) {
    if (name === undefined || name.startsWith('-')) throw new CommandError(`which daemon? One of: ${daemonNames.join(', ')}`, 64);
    const daemon = daemons[name];
    if (!daemon)
      throw new CommandError(
        `unknown daemon "${name}"${didYouMean(name, daemonNames)}; there are: ${daemonNames.join(', ')}`,
        64,
      );
    const service = await daemon.run((options) => runDaemonMain(options, args));
    endWithParent(service);
    await service.stopped;
    return 0;
  },
};

/** A daemon started by `up` has a channel to it: when that breaks, however `up` ended, the daemon ends in order, too. */
function endWithParent(service: Service): void {
  if (!process.channel) return;
  process.channel.unref();
  process.once('disconnect', () => void service.stop('switchyard up ended').then(() => process.exit(0)));
}
