import { join } from "node:path";
import { build } from "esbuild";

const root = join(import.meta.dirname, "..", "..");

/** Bundles a script, so that Node starts it in 0.3 s instead of 3 s. @returns the path of the bundle, inside the repository */
export async function bundled(script: string): Promise<string> {
  const name = script.replace(/[^a-z]+/gi, "-");
  const folder = join(root, ".cache", "faults", `${name}-${process.pid}`);
  await build({
    entryPoints: { main: join(root, script) },
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    // Otherwise parts of tfjs would be bundled twice, as CommonJS and as modules.
    mainFields: ["module", "main"],
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    // tfjs has CommonJS parts, which use `require` and `__dirname`.
    banner: {
      js: `import { createRequire as graftRequire } from "node:module";
const require = graftRequire(import.meta.url), __dirname = import.meta.dirname;`,
    },
    logLevel: "error",
  });
  return join(folder, "main.mjs");
}
