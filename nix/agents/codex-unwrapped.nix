# Codex as OpenAI publishes it: a program for each platform, linked statically, and the tools it brings along.
{
  lib,
  stdenvNoCC,
  fetchurl,
}:
let
  platforms = {
    x86_64-linux = {
      suffix = "linux-x64";
      hash = "sha512-o05NyAOCDygSPRo1yinzxvkRSdmsZyBD9E7mbpmjRanSfM8lypqWtQgEo4XfNkwhuCR2aFu8mlGOsQGFXVbVww==";
    };
    aarch64-linux = {
      suffix = "linux-arm64";
      hash = "sha512-NZ/DaQUpcQmxmqee7Z9uC1rzw3GhSbooawcaTe1LN5Yk+WlinUKGdTXJgClRT/9ogQEEM9TWxYzvxPfj5G/xFg==";
    };
  };
  platform = platforms.${stdenvNoCC.hostPlatform.system};
in
stdenvNoCC.mkDerivation (finalAttrs: {
  pname = "codex-unwrapped";
  version = "0.169.0";

  src = fetchurl {
    url = "https://registry.npmjs.org/@openai/codex/-/codex-${finalAttrs.version}-${platform.suffix}.tgz";
    inherit (platform) hash;
  };
  sourceRoot = "package";
  dontBuild = true;
  dontStrip = true;

  installPhase = ''
    runHook preInstall
    mkdir -p $out/lib $out/bin
    cp -r vendor/* $out/lib/
    chmod -R u+w,a+rX $out/lib
    find $out/lib -type f \( -path "*/bin/*" -o -name rg -o -name bwrap \) -exec chmod +x {} +
    program=$(find $out/lib -type f -name codex)
    test -x "$program"
    ln -s "$program" $out/bin/codex
    runHook postInstall
  '';

  doInstallCheck = true;
  installCheckPhase = ''
    runHook preInstallCheck
    HOME=$TMPDIR $out/bin/codex --version | grep -F ${finalAttrs.version}
    runHook postInstallCheck
  '';

  meta = {
    description = "Codex, OpenAI's agent in the terminal";
    homepage = "https://github.com/openai/codex";
    license = lib.licenses.asl20;
    mainProgram = "codex";
    sourceProvenance = [ lib.sourceTypes.binaryNativeCode ];
    platforms = lib.attrNames platforms;
  };
})
