// Load by wrk where it is installed: it costs a tenth of what a load generator on Node does, which on a small machine would be
// taken from those who are measured. Same job, same figures as load.ts.
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Job, LoadResult } from './load.ts';

const binary = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'wrk'))
  .find(existsSync);

/** Whether wrk is there. */
export const hasWrk = binary !== undefined;

/** Runs the job with one thread, on one core if that is named; durations are rounded up to whole seconds, wrk's unit. */
export async function wrkLoad(job: Job, folder: string, core?: string): Promise<LoadResult> {
  const script = join(folder, 'job.lua');
  writeFileSync(script, luaOf(job));
  const seconds = Math.ceil(job.durationMs / 1000);
  const args = ['-t1', `-c${job.connections}`, `-d${seconds}s`, '--latency', '--timeout', '5s', '-s', script];
  const command = [binary as string, ...args, `http://127.0.0.1:${job.port}${job.path}`];
  const text = await output(core === undefined ? command : ['taskset', '-c', core, ...command]);
  const result = /RESULT (\S+) (\S+) (\S+) (\S+) (\S+)/.exec(text)?.slice(1).map(Number);
  if (!result) throw new Error(`wrk said nothing of use: ${text.slice(0, 500)}`);
  const [requests = 0, errors = 0, durationUs = 0, p50Us = 0, p99Us = 0] = result;
  return {
    requests: requests - errors,
    errors,
    requestsPerSecond: (requests - errors) / (durationUs / 1e6),
    p50Ms: p50Us / 1000,
    p99Ms: p99Us / 1000,
    ...(errors > 0 && { firstError: 'an answer that is no success, or a socket error' }),
  };
}

/** Requests under way at the same time need ids of their own, or some servers mix up their answers. */
function luaOf({ headers, body, path }: Job): string {
  const lines = Object.entries(headers).map(([name, value]) => `  headers[ ${lua(name)} ] = ${lua(value)}`);
  return `local headers = {}
local requests, next = {}, 0
init = function()
${lines.join('\n')}
  for i = 1, 1024 do
    local body = string.gsub(${lua(body)}, '"id":1,', '"id":' .. (1000 + i) .. ',', 1)
    requests[i] = wrk.format('POST', ${lua(path)}, headers, body)
  end
end
request = function()
  next = next % 1024 + 1
  return requests[next]
end
done = function(summary, latency)
  local e = summary.errors
  local bad = e.status + e.connect + e.read + e.write + e.timeout
  print(string.format('RESULT %d %d %d %f %f', summary.requests, bad, summary.duration, latency:percentile(50), latency:percentile(99)))
end
`;
}

/** A long bracket no text of ours ends. */
function lua(text: string): string {
  return `[=====[${text}]=====]`;
}

function output([command = '', ...args]: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += String(chunk);
    });
    child.once('error', reject);
    child.once('close', () => resolve(text));
  });
}
