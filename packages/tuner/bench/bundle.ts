import { join } from "node:path";
import { build } from "esbuild";

/**
 * Compiles a worker of this folder and our sources into one file, so that the time to translate the sources is not measured. Tfjs and
 * nsfwjs are not bundled, because two copies of tfjs-core would not share backends.
 *
 * @returns path of the file.
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
