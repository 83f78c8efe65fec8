/** `switchyard doctor`: looks at everything it can see and says, for what is wrong, how to mend it. One check per file in doctor/. */
import { maskKeys } from '@switchyard/agent-config/key-shapes';
import type { Command } from '../command.ts';
import { readFlags } from '../flags.ts';
import { gatewayFlags, gatewayUrl } from '../gateway-client.ts';
import { defaultProxyUrl, defaultRouterUrl } from '../model-plane.ts';
import { machineFlags } from './config/declared.ts';
import { checkAgents } from './doctor/agents.ts';
import { checkCatalog } from './doctor/catalog.ts';
import { checkDeclaration } from './doctor/declaration.ts';
import type { Check, Finding, Scene } from './doctor/finding.ts';
import { checkGateway } from './doctor/gateway.ts';
import { checkProxy, checkRouter } from './doctor/models.ts';
import { checkNetwork } from './doctor/network.ts';
import { checkNode } from './doctor/node.ts';
import { checkSandbox } from './doctor/sandbox.ts';
import { checkServices } from './doctor/services.ts';
import { checkState } from './doctor/state.ts';
import { checkTaskMaster } from './doctor/taskmaster.ts';
import { checkToken } from './doctor/token.ts';

const checks: readonly Check[] = [
  async () => checkNode(process.versions.node),
  ...[checkState, checkSandbox, checkNetwork, checkServices, checkGateway, checkRouter, checkProxy],
  ...[checkDeclaration, checkCatalog, checkToken, checkAgents, checkTaskMaster],
];

export const command: Command = {
  usage: `doctor [--url URL] [--config FILE] [--env NAME] [--project DIR] [--probe] [--json]

Checks daemons, servers, models, the declaration, secrets by reference, agents' files, tokens and permissions. Exit code 1
when something is to be mended. --json: [{level, code, what, remedy}].

--url URL       the gateway. Default: $SWITCHYARD_GATEWAY_URL, or this machine's
--config FILE   the declaration. Default: switchyard/config.json in $XDG_CONFIG_HOME (~/.config); --env NAME: its overlay
--project DIR   folder of agents' project files, and of Task Master. Default: the current one
--probe         start or reach every declared server and list its tools`,
  async run(args) {
    const { values } = readFlags(args, {
      ...gatewayFlags,
      ...machineFlags,
      config: { type: 'string' },
      env: { type: 'string' },
      probe: { type: 'boolean' },
    } as const);
    const { env } = process;
    const bare = (url: string) => url.replace(/\/$/, '');
    const scene: Scene = {
      env,
      gateway: gatewayUrl(values.url),
      router: bare(env.SWITCHYARD_ROUTER_URL ?? defaultRouterUrl),
      proxy: bare(env.SWITCHYARD_PROXY_URL ?? defaultProxyUrl),
      choices: values,
      probe: values.probe ?? false,
    };
    const findings = (await Promise.all(checks.map((check) => check(scene)))).flat().map(masked);
    if (values.json) console.log(JSON.stringify(findings, null, 2));
    else for (const finding of findings) console.log(render(finding));
    const bad = findings.filter(({ level }) => level === 'bad').length;
    if (!values.json)
      console.log(bad === 0 ? '\nEverything that matters works.' : `\n${bad} thing${bad === 1 ? '' : 's'} to mend.`);
    return bad === 0 ? 0 : 1;
  },
};

/** What a daemon or a file says may hold a key. */
function masked(finding: Finding): Finding {
  return { ...finding, what: maskKeys(finding.what) };
}

function render({ level, what, remedy }: Finding): string {
  const mark = { ok: '  ok  ', note: ' note ', bad: ' BAD  ' }[level];
  return `${mark} ${what}${remedy === undefined ? '' : `\n       → ${remedy}`}`;
}
