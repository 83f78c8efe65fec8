/** What every daemon shares. Cheap to import: undici and prom-client are loaded by the first call that needs them. */
export * from './arrival.ts';
export * from './clock.ts';
export * from './config.ts';
export * from './daemon-main.ts';
export * from './http-client.ts';
export * from './listen.ts';
export * from './logger.ts';
export * from './metrics.ts';
export * from './nearest.ts';
export * from './problem.ts';
export * from './request-id.ts';
export * from './secrets.ts';
export * from './service.ts';
export * from './systemd.ts';
