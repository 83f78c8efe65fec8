# From another machine: nothing is reachable unless it was opened, and what is opened wants a key.
{
  name = "firewall";

  nodes.server =
    { ... }:
    {
      imports = [
        ../modules/ai-inference.nix
        ../modules/mcp-gateway.nix
        ../modules/openai-proxy.nix
      ];
      systemd.tmpfiles.settings.app."/run/keys/app".f = {
        mode = "0400";
        argument = "sk-of-the-app";
      };
      systemd.tmpfiles.settings.app."/run/keys/laptop".f = {
        mode = "0400";
        argument = "a-token-of-more-than-twenty-characters";
      };
      services.mcp-credentials.app.path = "/run/keys/app";
      services.mcp-credentials.laptop.path = "/run/keys/laptop";
      services.ai-inference.enable = true;
      services.ai.mcpGateway = {
        enable = true;
        tokens.laptop.class = "read";
        settings.auth.anonymous = "never";
      };
      services.openai-proxy = {
        enable = true;
        openFirewall = true;
        settings = {
          listen.host = "0.0.0.0";
          allowedHosts = [ "server" ];
          access.keys.app = "\${credential:app}";
        };
      };
    };
  nodes.client = { };

  testScript = ''
    start_all()
    for daemon in ["ai-inference", "mcp-gateway", "openai-proxy"]:
        server.wait_for_unit(f"{daemon}.service")
    client.wait_until_succeeds("ping -c 1 server", timeout=30)

    with subtest("gateway and router are for this machine"):
        for port in [8085, 8765]:
            server.succeed(f"curl -sf -m 5 http://127.0.0.1:{port}/health/live")
            client.fail(f"curl -s -m 3 http://server:{port}/health/live")

    with subtest("a declared token lets in, and nothing else does"):
        status = "curl -s -m 5 -o /dev/null -w '%{http_code}' http://127.0.0.1:8085/api/servers"
        assert server.succeed(status) == "401"
        assert server.succeed(f"{status} -H 'authorization: Bearer a-token-of-more-than-twenty-characters'") == "200"

    with subtest("the opened proxy answers, to those who have a key"):
        client.wait_until_succeeds("curl -sf -m 5 http://server:3001/health/live", timeout=30)
        code = "curl -s -m 5 -o /dev/null -w '%{http_code}' http://server:3001/v1/models"
        assert client.succeed(code) == "401"
        assert client.succeed(f"{code} -H 'authorization: Bearer sk-of-the-app'") != "401"
  '';
}
