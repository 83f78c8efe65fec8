/** Public entry of the package: how the router is run, and the shape of its configuration. */
export { configSchema, type RouterConfig } from './config.ts';
export { routerDaemon } from './daemon.ts';
