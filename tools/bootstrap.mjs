// Sets up a fresh clone. It needs only Node and npm. It is plain JavaScript because it runs before anything is installed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a command in the repository's root and returns its exit code. If it fails, the process ends, unless `tolerate` is set. */
export function run(command, args, { tolerate = false, env = {}, quiet = false } = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    stdio: quiet ? "pipe" : "inherit",
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  const code = error ? 127 : (status ?? 1);
  if (code !== 0 && !tolerate) {
    if (quiet) process.stderr.write(`${stdout ?? ""}${stderr ?? ""}`);
    console.error(`\n${[command, ...args].join(" ")} failed: ${error?.message ?? `exit code ${code}`}.`);
    process.exit(code);
  }
  return code;
}

/** Returns the path of an installed tool. */
export function bin(name) {
  return join(root, "node_modules", ".bin", name);
}

/** Installs the locked packages if this has not been done for the current lockfile. Then builds the wasm kernels. */
export function bootstrap() {
  assertNode();
  const stamp = join(root, "node_modules", ".graft", "installed");
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "pnpm-lock.yaml")))
    .digest("hex");
  const installed = existsSync(stamp) && existsSync(bin("turbo")) && readFileSync(stamp, "utf8") === lock;
  if (!installed) {
    console.log("Installing packages (once) ...");
    const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    run("npx", ["--yes", packageManager, "install", "--frozen-lockfile", "--reporter=append-only"], {
      env: { CI: "true" },
      quiet: true,
    });
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(stamp, lock);
  }
  run(bin("turbo"), ["run", "kernels", "--output-logs=errors-only"], {
    quiet: true,
    env: { TURBO_TELEMETRY_DISABLED: "1" },
  });
}

function assertNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(
    `Node ${process.versions.node} is too old. Graft needs Node 20.19 or later. Install a current version and try again.`,
  );
  process.exit(2);
}
