// The exercise itself: everything a client can do with the conformance fixture, once, against any endpoint that leads to it.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Inbox, Peer } from './peer.ts';
import type { Asked, Names, Options, Report } from './report.ts';

const watchedUri = 'test://watched-resource';

/** Runs all steps one after another and closes the peer. Throws when a step fails; what may be missing is undefined instead. */
export async function runExercise(peer: Peer, inbox: Inbox, options: Options): Promise<Report> {
  const names: Names = { tool: (name) => name, prompt: (name) => name, uri: (uri) => uri, ...options.names };
  const patienceMs = options.patienceMs ?? 5_000;
  const call = (tool: string, args: Record<string, unknown> = {}) => peer.call(names.tool(tool), args);

  const asked = async (tool: string, count: () => number, args: Record<string, unknown> = {}): Promise<Asked> => {
    const before = count();
    const result = await call(tool, args);
    return { times: count() - before, result };
  };

  const logged = async (): Promise<unknown[]> => {
    const before = inbox.logs.length;
    await peer.call(names.tool('test_tool_with_logging'), {}, { logs: true });
    await until(() => inbox.logs.length >= before + 3, patienceMs);
    return inbox.logs.slice(before);
  };

  const progress: number[] = [];
  try {
    return {
      protocolVersion: peer.protocolVersion(),
      tools: await peer.tools(),
      resources: await peer.resources(),
      prompts: await peer.prompts(),
      said: {
        tool: await call('test_simple_text'),
        resource: await peer.read(names.uri('test://static-text')),
        prompt: await peer.prompt(names.prompt('test_prompt_with_arguments'), { arg1: 'hello', arg2: 'world' }),
      },
      completion: await peer.complete(names.prompt('test_prompt_with_arguments'), 'arg1', 'par'),
      progress: await peer
        .call(names.tool('test_tool_with_progress'), {}, { onProgress: (value) => progress.push(value) })
        .then(() => progress),
      cancel: await cancel(peer, names, patienceMs),
      elicitation: await asked('test_elicitation', () => inbox.elicitations, { message: 'Who are you?' }),
      sampling: await asked('test_sampling', () => inbox.samplings, { prompt: 'What is the capital of France?' }),
      roots: await asked('test_input_required_result_list_roots', () => inbox.rootsListings),
      logs: await logged(),
      ...(await changes(peer, inbox, names, patienceMs)),
    };
  } finally {
    await peer.close();
  }
}

/** Starts a slow call, aborts it once it is known to run, and asks the upstream whether it noticed. */
async function cancel(peer: Peer, names: Names, patienceMs: number): Promise<Report['cancel']> {
  const key = randomUUID();
  const controller = new AbortController();
  let abortedAt = 0;
  const abort = () => {
    abortedAt ||= performance.now();
    controller.abort('the test has changed its mind');
  };
  const outcome = await peer
    .call(names.tool('slow_cancellable'), { key, durationMs: patienceMs * 4 }, { onProgress: abort, signal: controller.signal })
    .catch((error: unknown) => {
      if (!controller.signal.aborted) throw error;
    });
  if (outcome !== undefined) throw new Error(`slow_cancellable was not cancelled: ${outcome}`);
  const rejectedAfterMs = performance.now() - abortedAt;
  const seen = await until(async () => (await peer.call(names.tool('cancelled_count'), { key })) === '1', patienceMs);
  return { rejectedAfterMs, seenUpstreamAfterMs: seen ? performance.now() - abortedAt : undefined };
}

/** Subscribes, makes the upstream change a resource and its list of tools, and looks again when told so. */
async function changes(
  peer: Peer,
  inbox: Inbox,
  names: Names,
  patienceMs: number,
): Promise<Pick<Report, 'update' | 'listChange'>> {
  const uri = names.uri(watchedUri);
  const before = await peer.read(uri);
  const toolsBefore = await peer.tools();
  await peer.watch(uri);

  await peer.call(names.tool('test_trigger_resource_update'), {});
  const updated = await until(() => inbox.updates.includes(uri), patienceMs);
  const update = updated ? { before, after: await peer.read(uri) } : undefined;

  const heard = inbox.toolListChanges;
  await peer.call(names.tool('test_trigger_tool_change'), {});
  const changed = await until(() => inbox.toolListChanges > heard, patienceMs);
  const toolsAfter = await peer.tools();
  await peer.call(names.tool('test_trigger_tool_change'), {});
  return { update, listChange: changed ? difference(toolsBefore, toolsAfter) : undefined };
}

const difference = (a: string[], b: string[]) => [...a.filter((x) => !b.includes(x)), ...b.filter((x) => !a.includes(x))];

/** Whether `condition` came true in time. */
async function until(condition: () => boolean | Promise<boolean>, patienceMs: number): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > deadline) return false;
    await sleep(10);
  }
  return true;
}
