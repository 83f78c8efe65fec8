/** The program `openai-proxy`. */
import { runDaemonMain } from '@switchyard/kit/daemon-main';
import { proxyDaemon } from './daemon.ts';

await runDaemonMain(proxyDaemon);
