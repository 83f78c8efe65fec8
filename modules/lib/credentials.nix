# From `${credential:NAME}` in a configuration to the file behind it: what is referred to, where it comes from, and the lines
# of a unit that hand it over.
{ lib, config }:
let
  declared = config.services.mcp-credentials;
in
rec {
  # Names of all `${credential:NAME}` in a value, whatever its shape.
  referencesIn =
    value:
    lib.unique (
      if lib.isString value then
        lib.concatMap (part: if lib.isList part then part else [ ]) (
          builtins.split "[$][{]credential:([A-Za-z0-9_.@-]+)[}]" value
        )
      else if lib.isList value then
        lib.concatMap referencesIn value
      else if lib.isAttrs value then
        lib.concatMap referencesIn (lib.attrValues value)
      else
        [ ]
    );

  # name → credential of services.mcp-credentials; `paths` (name → file) goes first.
  resolve =
    names: paths:
    lib.genAttrs (lib.filter (name: paths ? ${name} || declared ? ${name}) names) (
      name:
      if paths ? ${name} then
        {
          path = paths.${name};
          encrypted = false;
          version = null;
          origin = null;
        }
      else
        {
          inherit (declared.${name}) path encrypted version;
          origin = "services.mcp-credentials.${name}.path";
        }
    );

  # One assertion for each name that nobody declares.
  missing =
    option: names: paths:
    map (name: {
      assertion = paths ? ${name} || declared ? ${name};
      message = ''${option} refers to the credential "${name}", which is not declared: set services.mcp-credentials.${name}.path, enable a secrets provider that has it, or set ${option}.${name} where that takes files.'';
    }) names;

  # The lines of a unit. An empty credential stands in for a file that is not there, so that it is our own check, which knows
  # option and file, that speaks, and not systemd's "243/CREDENTIALS".
  serviceConfig = credentials: {
    LoadCredential = lib.mapAttrsToList (name: { path, ... }: "${name}:${path}") (
      lib.filterAttrs (_: credential: !credential.encrypted) credentials
    );
    LoadCredentialEncrypted = lib.mapAttrsToList (name: { path, ... }: "${name}:${path}") (
      lib.filterAttrs (_: credential: credential.encrypted) credentials
    );
    SetCredential = lib.mapAttrsToList (name: _: "${name}:\\n") credentials;
  };

  versions = credentials: lib.filter (version: version != null) (lib.mapAttrsToList (_: c: c.version) credentials);

  # Shell: fails, naming option and file, unless every credential has arrived. `optionOf name` is the option it belongs to.
  check =
    optionOf: credentials:
    lib.concatStrings (
      lib.mapAttrsToList (
        name:
        { path, origin, ... }:
        let
          whose = if origin == null then optionOf name else "${optionOf name}, ${origin}";
          message = "credential ${name} (${whose}): ${path} does not exist or is empty; write the secret there, or mend its provider";
        in
        ''
          if [ -z "$(<"$CREDENTIALS_DIRECTORY/${name}")" ]; then
            echo ${lib.escapeShellArg message} >&2
            exit 77
          fi
        ''
      ) credentials
    );
}
