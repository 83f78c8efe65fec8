// Hosts and origins: who may call. The same through a running gateway is in bad-input.http.test.ts.
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import t from 'tap';
import { refusalOf } from '../src/guard.ts';

function refused(headers: Record<string, string>, options: { allowedHosts?: string[]; allowedOrigins?: string[] } = {}): boolean {
  const request = new IncomingMessage(new Socket());
  request.headers = headers;
  return refusalOf(request, { allowedHosts: [], allowedOrigins: [], ...options }) !== undefined;
}

t.test('hosts', async (t) => {
  const cases: [host: string, allowedHosts: string[], refused: boolean][] = [
    ['localhost', [], false],
    ['LocalHost:8085', [], false],
    ['127.0.0.1:8085', [], false],
    ['[::1]:8085', [], false],
    ['127.0.0.2', [], true],
    ['localhost.', [], true],
    ['localhost:port', [], true],
    ['localhost:1:2', [], true],
    ['evil.example.com#localhost', [], true],
    ['a b', [], true],
    ['tools.example.org', [], true],
    ['tools.example.org:443', ['tools.example.org'], false],
    ['x.tools.example.org', ['tools.example.org'], true],
    ['anything.at.all', ['*'], false],
  ];
  for (const [host, allowedHosts, expected] of cases) t.equal(refused({ host }, { allowedHosts }), expected, host);
  t.ok(refused({}), 'no host at all');
});

t.test('origins', async (t) => {
  const allowedOrigins = ['https://chat.example.org'];
  const cases: [origin: string, refused: boolean][] = [
    ['http://localhost:3000', false],
    ['https://127.0.0.1', false],
    ['http://[::1]:1', false],
    ['https://chat.example.org', false],
    ['http://chat.example.org', true],
    ['https://chat.example.org:444', true],
    ['https://chat.example.org.evil.example.com', true],
    ['https://localhost.evil.example.com', true],
    ['https://localhost@evil.example.com', true],
    ['null', true],
    ['', true],
    ['localhost', true],
  ];
  for (const [origin, expected] of cases) t.equal(refused({ host: 'localhost', origin }, { allowedOrigins }), expected, origin);
});
