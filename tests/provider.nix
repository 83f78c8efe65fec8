# A node's provider of models: an OpenAI-compatible server on 127.0.0.1:9000 that wants the key it finds in /run/keys/provider.
{ pkgs, ... }:
{
  systemd.tmpfiles.settings.provider."/run/keys/provider".f = {
    mode = "0400";
    argument = "sk-first-key-of-the-test";
  };
  systemd.services.provider = {
    description = "Provider of models";
    wantedBy = [ "multi-user.target" ];
    serviceConfig.ExecStart = "${pkgs.python3}/bin/python3 -u ${./provider.py}";
  };
}
