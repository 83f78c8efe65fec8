/**
 * Where a person may keep the secrets of servers, for the first set-up: what stands for a secret in the declaration, files to
 * begin with, and what to do next. Files hold names and places, never values. Pure.
 */

/** A secret that servers need. */
export interface NeededSecret {
  /** The variable, as the server reads it. */
  name: string;
  /** The service it is of. */
  server: string;
  summary: string;
}

/** A file to begin with. */
export interface TemplateFile {
  /** Below the folder of the set-up. */
  path: string;
  text: string;
}

/** One way to keep secrets. */
export interface SecretHome {
  /** For a menu. */
  title: string;
  /** What stands for the secret in the declaration. `folder`: the set-up's folder, absolute. */
  reference(secret: NeededSecret, folder: string): string;
  files(secrets: readonly NeededSecret[]): TemplateFile[];
  /** Steps for the person, in order. */
  next(secrets: readonly NeededSecret[], folder: string): string[];
}

const lines = (...texts: string[]): string => `${texts.join('\n')}\n`;
/** opnix wants camelCase. */
const camel = (name: string): string => name.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const credential = (name: string): string => name.toLowerCase().replaceAll('_', '-');
const comment = ({ server, summary }: NeededSecret): string => `${server}: ${summary}`;

/** By the word that `--provider` takes. */
export const secretHomes: Readonly<Record<string, SecretHome>> = {
  files: {
    title: 'files of your own, readable by you alone',
    reference: ({ name }, folder) => `\${file:${folder}/secrets/${name}}`,
    files: () => [],
    next: (secrets, folder) => [
      `install -d -m 700 ${folder}/secrets`,
      ...secrets.map(
        (one) => `(umask 077; cat > ${folder}/secrets/${one.name})   # paste, then Enter and Ctrl-D; ${comment(one)}`,
      ),
    ],
  },
  systemd: {
    title: 'systemd credentials of the gateway’s unit',
    reference: ({ name }) => `\${credential:${credential(name)}}`,
    files: (secrets) => [
      {
        path: 'mcp-gateway.service.d/secrets.conf',
        text: lines(
          '# Into /etc/systemd/system/. Each file holds one secret, is owned by root and has mode 0600.',
          '[Service]',
          ...secrets.map(
            (one) => `# ${comment(one)}\nLoadCredential=${credential(one.name)}:/etc/switchyard/secrets/${credential(one.name)}`,
          ),
        ),
      },
    ],
    next: (_, folder) => [
      `sudo cp -r ${folder}/mcp-gateway.service.d /etc/systemd/system/`,
      'write each secret into the file that the drop-in names, then: sudo systemctl daemon-reload && sudo systemctl restart mcp-gateway',
    ],
  },
  sops: {
    title: 'sops-nix: encrypted in your flake, files in /run/secrets',
    reference: ({ name }) => `\${file:/run/secrets/${name}}`,
    files: (secrets) => [
      {
        path: '.sops.yaml',
        text: lines('creation_rules:', '  - path_regex: secrets\\.yaml$', '    age: AGE-RECIPIENT-OF-THE-MACHINE'),
      },
      {
        path: 'secrets.nix',
        text: lines(
          '# Import it beside sops-nix; secrets.yaml belongs into the flake, encrypted.',
          '{',
          '  sops.defaultSopsFile = ./secrets.yaml;',
          ...secrets.map(({ name }) => `  sops.secrets.${name}.restartUnits = [ "mcp-gateway.service" ];`),
          '}',
        ),
      },
    ],
    next: (secrets, folder) => [
      `put the machine's recipient into ${folder}/.sops.yaml (ssh-to-age, or age-keygen -y)`,
      `cd ${folder} && sops secrets.yaml   # with the keys ${secrets.map(({ name }) => name).join(', ')}`,
      'import secrets.nix and rebuild',
    ],
  },
  agenix: {
    title: 'agenix: encrypted in your flake, files in /run/agenix',
    reference: ({ name }) => `\${file:/run/agenix/${name}}`,
    files: (secrets) => [
      {
        path: 'secrets.nix',
        text: lines(
          '# For the program agenix: who may decrypt.',
          'let machine = "ssh-ed25519 PUBLIC-KEY-OF-THE-MACHINE"; in {',
          ...secrets.map(({ name }) => `  "${name}.age".publicKeys = [ machine ];`),
          '}',
        ),
      },
      {
        path: 'agenix.nix',
        text: lines(
          '# Import it beside agenix.',
          '{',
          ...secrets.map(({ name }) => `  age.secrets.${name}.file = ./${name}.age;`),
          '}',
        ),
      },
    ],
    next: (secrets, folder) => [
      `put the machine's public key into ${folder}/secrets.nix`,
      ...secrets.map((one) => `cd ${folder} && agenix -e ${one.name}.age   # ${comment(one)}`),
      'import agenix.nix and rebuild',
    ],
  },
  opnix: {
    title: '1Password through opnix, files in /var/lib/opnix/secrets',
    reference: ({ name }) => `\${file:/var/lib/opnix/secrets/${camel(name)}}`,
    files: (secrets) => [
      {
        path: 'opnix.nix',
        text: lines(
          '# Import it beside opnix. Items are in the vault MCP, one for each service.',
          '{',
          '  services.onepassword-secrets = {',
          '    enable = true;',
          ...secrets.map(
            ({ name, server }) =>
              `    secrets.${camel(name)} = { reference = "op://MCP/${server}/${name}"; services = [ "mcp-gateway" ]; };`,
          ),
          '  };',
          '}',
        ),
      },
    ],
    next: (secrets) => [
      ...secrets.map((one) => `in 1Password: vault MCP, item ${one.server}, field ${one.name}   # ${comment(one)}`),
      'sudo opnix token set, import opnix.nix and rebuild',
    ],
  },
  op: {
    title: '1Password through `op run`',
    reference: ({ name }) => `\${env:${name}}`,
    files: (secrets) => [
      {
        path: 'op.env',
        text: lines(...secrets.map((one) => `# ${comment(one)}\n${one.name}=op://MCP/${one.server}/${one.name}`)),
      },
    ],
    next: (_, folder) => ['make those items in 1Password', `op run --env-file=${folder}/op.env -- switchyard up`],
  },
  infisical: {
    title: 'Infisical through `infisical run`',
    reference: ({ name }) => `\${env:${name}}`,
    files: (secrets) => [
      {
        path: 'infisical.names',
        text: lines('# Secrets to make in the project, under /mcp.', ...secrets.map((one) => `${one.name}   # ${comment(one)}`)),
      },
    ],
    next: () => ['make those secrets in Infisical', 'infisical run --projectId=PROJECT --env=prod --path=/mcp -- switchyard up'],
  },
  esc: {
    title: 'Pulumi ESC through `esc run`',
    reference: ({ name }) => `\${env:${name}}`,
    files: (secrets) => [
      {
        path: 'esc.yaml',
        text: lines(
          '# An environment of Pulumi ESC. ESC encrypts what is below fn::secret when it is saved there.',
          'values:',
          '  environmentVariables:',
          ...secrets.map((one) => `    # ${comment(one)}\n    ${one.name}:\n      fn::secret: CHANGE-ME`),
        ),
      },
    ],
    next: (_, folder) => [
      `esc env init ORG/mcp/prod --file ${folder}/esc.yaml`,
      'esc env edit ORG/mcp/prod   # put the secrets in place of CHANGE-ME there, and not into the file here',
      'switchyard secrets check --source esc:ORG/mcp/prod',
      'esc run ORG/mcp/prod -- switchyard up',
    ],
  },
  env: {
    title: 'variables of the environment (for trying out)',
    reference: ({ name }) => `\${env:${name}}`,
    files: (secrets) => [{ path: 'env.example', text: lines(...secrets.map((one) => `# ${comment(one)}\n${one.name}=`)) }],
    next: (_, folder) => [
      `(umask 077; cp ${folder}/env.example ${folder}/env), and fill it in with an editor`,
      `set -a; . ${folder}/env; set +a; switchyard up`,
    ],
  },
};
