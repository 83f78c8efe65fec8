/** The program `mcp-gateway`. */
import { runDaemonMain } from '@switchyard/kit/daemon-main';
import { gatewayDaemon } from './daemon.ts';

await runDaemonMain(gatewayDaemon);
