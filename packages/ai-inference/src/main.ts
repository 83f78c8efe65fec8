/** The program `ai-inference`. */
import { runDaemonMain } from '@switchyard/kit/daemon-main';
import { routerDaemon } from './daemon.ts';

await runDaemonMain(routerDaemon);
