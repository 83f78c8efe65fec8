/** The program `switchyard`. */
import { runDaemonMain } from '@switchyard/kit/daemon-main';
import { gatewayDaemon } from '@switchyard/mcp-gateway';

// Interim: `run mcp-gateway …` until the command table stands.
await runDaemonMain(gatewayDaemon, process.argv.slice(4));
