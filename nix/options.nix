# docs/options.md is generated: this fails when it is not what the modules say. `nix build .#checks.x86_64-linux.options`
# prints the command that mends it.
{
  lib,
  pkgs,
  options,
}:
let
  ours = {
    services = {
      inherit (options.services)
        ai-inference
        mcp-1password
        mcp-agenix
        mcp-configuration
        mcp-credentials
        mcp-encrypted
        mcp-secrets
        openai-proxy
        ;
      ai = { inherit (options.services.ai) mcpGateway; };
    };
    kernelcore.ml = { inherit (options.kernelcore.ml) mcp; };
  };
  list = lib.filter (option: option.visible == true && !option.internal) (lib.optionAttrSetToDocList ours);
  undescribed = lib.filter (option: (option.description or null) == null) list;
  text = value: if lib.isAttrs value then value.text else toString value;
  code = value: if lib.hasInfix "\n" (lib.trim value) then "\n\n```nix\n${lib.trim value}\n```\n" else " `${lib.trim value}`\n";
  section = option: ''
    ## `${option.name}`

    ${lib.trim (text option.description)}

    - Type: ${lib.replaceStrings [ "\n" ] [ " " ] option.type}
  ''
  + lib.optionalString (option ? default) (
    if option.default._type or "" == "literalMD" then "- Default: ${text option.default}\n" else "- Default:${code (text option.default)}"
  )
  + lib.optionalString (option ? example) "- Example:${code (text option.example)}"
  + "\n";
  document = pkgs.writeText "options.md" (
    "# Options of the NixOS modules\n\nGenerated from `modules/`.\n\n" + lib.concatMapStrings section list
  );
in
assert lib.assertMsg (
  undescribed == [ ]
) "options without description: ${toString (map (option: option.name) undescribed)}";
pkgs.runCommand "options" { passthru = { inherit document; }; } ''
  if ! diff -u ${../docs/options.md} ${document}; then
    echo 'docs/options.md is not what modules/ say: cp ${document} docs/options.md' >&2
    exit 1
  fi
  touch $out
''
