import { readFileSync } from "node:fs";
import { homedir, platform } from "node:os";
import { join } from "node:path";

/**
 * Returns the package index from the user's own pip configuration, for machines without Python, or undefined if none is
 * configured.
 *
 * The order is pip's: `PIP_INDEX_URL`, then `index-url` under `[install]`, `[download]` or `[global]` of `PIP_CONFIG_FILE` and of the
 * pip.conf files of the virtual environment, the user and the machine.
 *
 * @see https://pip.pypa.io/en/stable/topics/configuration/
 */
export function configuredIndex(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.PIP_INDEX_URL) return env.PIP_INDEX_URL;
  for (const file of configFiles(env)) {
    const url = indexUrl(file);
    if (url !== undefined) return url;
  }
  return undefined;
}

/** Returns the paths of pip's configuration files, the one with the highest priority first. */
export function configFiles(env: NodeJS.ProcessEnv): readonly string[] {
  const home = env.HOME ?? homedir();
  const explicit = env.PIP_CONFIG_FILE ? [env.PIP_CONFIG_FILE] : [];
  const venv = env.VIRTUAL_ENV ? [join(env.VIRTUAL_ENV, "pip.conf")] : [];
  const user = [join(env.XDG_CONFIG_HOME ?? join(home, ".config"), "pip", "pip.conf"), join(home, ".pip", "pip.conf")];
  const mac =
    platform() === "darwin"
      ? [join(home, "Library", "Application Support", "pip", "pip.conf"), "/Library/Application Support/pip/pip.conf"]
      : [];
  return [...explicit, ...venv, ...user, ...mac, "/etc/xdg/pip/pip.conf", "/etc/pip.conf"];
}

function indexUrl(file: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined; // most of these files do not exist
  }
  let section = "";
  const found: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const header = /^\s*\[([^\]]+)\]/.exec(line);
    const entry = /^\s*index[-_]url\s*[=:]\s*(\S+)/.exec(line);
    if (header?.[1]) section = header[1].trim();
    else if (entry?.[1]) found[section] = entry[1];
  }
  return found.install ?? found.download ?? found.global;
}
