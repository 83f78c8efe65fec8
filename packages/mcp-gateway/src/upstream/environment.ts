/**
 * The environment of a spawned server: an allow-list of harmless variables plus what its own entry declares. Nothing
 * else of the gateway's environment reaches it, so one server can never read another's secret.
 */

/** Inherited when set: where programs are, who and where the user is, locale, temp folder, certificates, proxies, Nix. */
export const inheritedVariables: readonly string[] = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'TERM',
  'TZ',
  'TMPDIR',
  'LANG',
  'LANGUAGE',
  'LC_ALL',
  'LC_CTYPE',
  'LC_MESSAGES',
  'LOCALE_ARCHIVE',
  'XDG_RUNTIME_DIR',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'XDG_CACHE_HOME',
  'XDG_STATE_HOME',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NIX_SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'NIX_PATH',
  'NIX_LD',
  'NIX_LD_LIBRARY_PATH',
];

/** Builds a child's environment from the gateway's (`own`) and the entry's `env` with its references already resolved. */
export function childEnvironment(own: NodeJS.ProcessEnv, declared: Readonly<Record<string, string>>): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of inheritedVariables) {
    const value = own[name];
    // Shells export functions as "() { …": an old way to smuggle code into children.
    if (value !== undefined && !value.startsWith('()')) environment[name] = value;
  }
  return Object.assign(environment, declared);
}
