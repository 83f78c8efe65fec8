/** Public entry of the package: how the proxy is run, and the shape of its configuration. */
export { configSchema, type ProxyConfig } from './config.ts';
export { proxyDaemon } from './daemon.ts';
