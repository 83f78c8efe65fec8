# Models, tools and the proxy for apps on one machine.
{ lib, pkgs, ... }:
{
  services.ai-inference = {
    enable = true;
    settings = {
      providers.venice.apiKey = "\${credential:venice}";
      providers.openrouter.apiKey = "\${credential:openrouter}";
      routes.auto = {
        cheap = "venice/qwen3-235b";
        strong = "openrouter/anthropic/claude-sonnet-4.5";
      };
    };
  };

  services.openai-proxy.enable = true;

  services.ai.mcpGateway = {
    enable = true;
    servers = {
      files = {
        command = lib.getExe' pkgs.switchyard-mcp-servers "mcp-server-filesystem";
        args = [ "/srv/files" ];
        sandbox.readPaths = [ "/srv/files" ];
      };
      memory = {
        command = lib.getExe' pkgs.switchyard-mcp-servers "mcp-server-memory";
        env.MEMORY_FILE_PATH = "/var/lib/mcp-memory/memory.jsonl";
        sandbox.stateDirectory = true;
      };
      github = {
        url = "https://api.githubcopilot.com/mcp/";
        headers.Authorization = "Bearer \${credential:github}";
      };
    };
  };

  # Where the secrets are at run time. With a provider (sops-nix, agenix, opnix) these lines fall away.
  services.mcp-credentials = {
    venice.path = "/run/secrets/venice";
    openrouter.path = "/run/secrets/openrouter";
    github.path = "/run/secrets/github";
  };
}
