# Gemini CLI as Google publishes it: one bundle, without the optional native modules (it does without). Links that lead nowhere
# are taken out, and only those; the program is made executable whatever the archive says.
{
  lib,
  stdenvNoCC,
  fetchurl,
  nodejs_24,
  makeWrapper,
  versionCheckHook,
}:
stdenvNoCC.mkDerivation (finalAttrs: {
  pname = "gemini-cli";
  version = "0.61.0";

  src = fetchurl {
    url = "https://registry.npmjs.org/@google/gemini-cli/-/gemini-cli-${finalAttrs.version}.tgz";
    hash = "sha512-dbQ9A0qBtFJNi6XBkHvfZ6Azpn6PNgH/P8h2MZ67RLlX8hSAVjup39CRWqdRxZv7YXIuhrFaytr8y0jKnkoxnQ==";
  };
  sourceRoot = "package";

  nativeBuildInputs = [ makeWrapper ];
  dontBuild = true;

  installPhase = ''
    runHook preInstall
    mkdir -p $out/lib/gemini-cli
    cp -r . $out/lib/gemini-cli/
    find $out/lib/gemini-cli -xtype l -print -delete
    test -f $out/lib/gemini-cli/bundle/gemini.js
    chmod +x $out/lib/gemini-cli/bundle/gemini.js
    makeWrapper ${lib.getExe nodejs_24} $out/bin/gemini --add-flags $out/lib/gemini-cli/bundle/gemini.js
    runHook postInstall
  '';

  doInstallCheck = true;
  nativeInstallCheckInputs = [ versionCheckHook ];
  installCheckPhase = ''
    runHook preInstallCheck
    test -x $out/bin/gemini
    test -z "$(find $out -xtype l)"
    test "$(HOME=$TMPDIR $out/bin/gemini --version)" = ${finalAttrs.version}
    runHook postInstallCheck
  '';

  meta = {
    description = "Gemini CLI, an agent in the terminal";
    homepage = "https://github.com/google-gemini/gemini-cli";
    license = lib.licenses.asl20;
    mainProgram = "gemini";
    sourceProvenance = [ lib.sourceTypes.binaryBytecode ];
    platforms = lib.platforms.linux;
  };
})
