/** Public entry of the package: how the gateway is run, the shape of its configuration, its tokens and lock files. */
export { parseExpiry } from './auth/token.ts';
export type { TokenRecord } from './auth/token-store.ts';
export { type IssuedToken, openTokens, TokenError, type TokenRequest, type Tokens } from './auth/tokens.ts';
export { configSchema, type GatewayConfig } from './config.ts';
export { gatewayDaemon } from './daemon.ts';
export { type LockFile, lockDifferences, lockFileText, parseLockFile } from './trust/lock-file.ts';
