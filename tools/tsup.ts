import { defineConfig, type Options } from "tsup";
import { writeDeclarations } from "./write-declarations.ts";

type Config = ReturnType<typeof defineConfig>;

/** Configures the build of a package: one ES module per entry, with declarations. Peers and dependencies are not bundled. */
export function library(extra: Options & { readonly entry?: string[] } = {}): Config {
  const { entry = ["src/index.ts"], ...rest } = extra;
  return defineConfig({
    entry,
    format: "esm",
    target: "es2022",
    clean: true,
    treeshake: true,
    outDir: "dist",
    onSuccess: () => writeDeclarations(entry),
    ...rest,
  });
}
