import { join } from "node:path";
import { build } from "esbuild";

/**
 * One of the workers here and our sources, compiled into one file, as users have them: to read and translate the sources anew would be
 * a part of what is measured. Tfjs and nsfwjs stay outside: two copies of tfjs-core would not know each other's backends.
 *
 * @returns the file's path.
 */
export async function bundled(worker: string): Promise<string> {
  const outfile = join(import.meta.dirname, `../node_modules/.cache/${worker}-${process.pid}.mjs`);
  await build({
    entryPoints: [join(import.meta.dirname, `${worker}.ts`)],
    bundle: true,
    platform: "node",
    format: "esm",
    outfile,
    plugins: [
      {
        name: "others stay outside",
        setup: ({ onResolve }) =>
          onResolve({ filter: /^[^./]/ }, ({ path }) => ({ external: !path.startsWith("@graftjs/") })),
      },
    ],
    logLevel: "error",
  });
  return outfile;
}
