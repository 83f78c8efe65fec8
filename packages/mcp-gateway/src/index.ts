/** Public entry of the package: how the gateway is run, and the shape of its configuration. */
export { configSchema, type GatewayConfig } from './config.ts';
export { gatewayDaemon } from './daemon.ts';
