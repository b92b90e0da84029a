import { defineConfig, type Options } from "tsup";

type Config = ReturnType<typeof defineConfig>;

/** Configures the build of a package: one ES module per entry, with declarations. Peers and dependencies are not bundled. */
export function library(extra: Options = {}): Config {
  return defineConfig({
    entry: ["src/index.ts"],
    format: "esm",
    target: "es2022",
    dts: true,
    clean: true,
    treeshake: true,
    outDir: "dist",
    ...extra,
  });
}
