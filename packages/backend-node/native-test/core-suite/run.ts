/**
 * Runs tfjs-core's own published test suite on this backend with our kernels, without the tests that tfjs-node's own runner ignores.
 *
 *   tsx native-test/core-suite/run.ts                  runs all tests; writes results.json and a report for CI
 *   tsx native-test/core-suite/run.ts --only gradient  runs tests with this word in their names
 *
 * The suite is built for tfjs's own tooling. esbuild therefore bundles it with a copy of tfjs-core, and the backend is registered in
 * that copy.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { type BuildOptions, build } from "esbuild";

/** Tests that pass with tfjs-core 4.22.0. If fewer pass, the run fails, because a part of the suite may be missing. */
const EXPECTED = 3878;
const { only } = parseArgs({ options: { only: { type: "string", default: "" } } }).values;
const require = createRequire(import.meta.url);
const core = join(dirname(require.resolve("@tensorflow/tfjs-core/package.json")), "dist");
const source = join(import.meta.dirname, "..", "..", "src");

/** Reads the names in tfjs-node's list of ignored tests. */
function ignored(): readonly string[] {
  const runner = readFileSync(
    join(dirname(require.resolve("@tensorflow/tfjs-node/package.json")), "dist", "run_tests.js"),
    "utf8",
  );
  const list = /IGNORE_LIST = \[([\s\S]*?)\n\];/.exec(runner)?.[1] ?? "";
  return [...list.matchAll(/^\s*'((?:[^'\\]|\\.)*)'/gm)].map(([, name = ""]) => name.replaceAll("\\'", "'"));
}

const entry = `
import * as tf from "${core}/index.js";
import "${core}/public/chained_ops/register_all_chained_ops.js";
import "${core}/register_all_gradients.js";
import * as jasmineUtil from "${core}/jasmine_util.js";
import { nativeBackend } from "${source}/adapter.ts";
globalThis.suite = { tf, jasmineUtil, nativeBackend };
`;
const bundle = join(tmpdir(), `graft-core-suite-${process.pid}.cjs`);
const options = {
  bundle: true,
  platform: "node",
  format: "cjs",
  logLevel: "error",
  // tfjs-core declares its tests free of side effects, so the bundler would drop them.
  ignoreAnnotations: true,
  mainFields: ["module", "main"] as string[],
  // The suite, the backend and Graft's core must share one copy of tfjs-core.
  alias: { "@tensorflow/tfjs-core": join(core, "index.js") },
  define: { "import.meta.url": "__importMetaUrl" },
  banner: { js: 'const __importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
} satisfies BuildOptions;
await build({
  ...options,
  stdin: {
    contents: `${entry}\nglobalThis.runSuite = () => require("${core}/tests.js");`,
    resolveDir: import.meta.dirname,
  },
  outfile: bundle,
});

interface Result {
  readonly fullName: string;
  readonly status: string;
  readonly failedExpectations: readonly { readonly message: string }[];
}
interface Jasmine {
  getEnv(): { configure(options: object): void; addReporter(reporter: object): void; execute(): Promise<unknown> };
}
const jasmineCore = require("jasmine-core") as { boot(core: unknown): Jasmine };
const jasmine = jasmineCore.boot(jasmineCore);
/** Exports of the bundle on `globalThis`. */
interface Bundle {
  readonly suite: {
    readonly tf: { readonly version_core: string; backend(): { readonly binding: { readonly TF_Version: string } } };
    readonly jasmineUtil: { setTestEnvs(envs: readonly object[]): void };
    readonly nativeBackend: (options: object) => { init(): Promise<unknown> };
  };
  readonly runSuite: () => void;
}
/** The defaults, as values for results.json. */
const NATIVE = { device: "cpu", fused: true } as const;
let counts = { passed: 0, failed: 0 };
let versions: object = {};
try {
  require(bundle);
  const loaded = globalThis as unknown as Bundle;
  await loaded.suite.nativeBackend(NATIVE).init();
  const { tf } = loaded.suite;
  versions = { tfjs: tf.version_core, tensorflow: tf.backend().binding.TF_Version };
  loaded.suite.jasmineUtil.setTestEnvs([
    { name: "test-tensorflow", backendName: "tensorflow", flags: {}, isDataSync: true },
  ]);
  const skip = ignored();
  const env = jasmine.getEnv();
  env.configure({
    random: false,
    specFilter: (spec: { getFullName(): string }) =>
      spec.getFullName().includes(only) && !skip.some((name) => spec.getFullName().includes(name)),
  });
  env.addReporter({
    specDone({ fullName, status, failedExpectations }: Result) {
      if (status === "passed") counts = { ...counts, passed: counts.passed + 1 };
      if (status !== "failed") return;
      counts = { ...counts, failed: counts.failed + 1 };
      console.error(`${fullName}\n    ${failedExpectations[0]?.message.split("\n")[0]}`);
    },
  });
  loaded.runSuite();
  await env.execute();
} finally {
  rmSync(bundle, { force: true });
}
const tooFew = only === "" && counts.passed < EXPECTED;
if (tooFew) console.error(`${counts.passed} tests passed, and ${EXPECTED} did before: the suite is not whole.`);
if (only === "") {
  const options = { ...NATIVE, oneDnn: process.env.TF_ENABLE_ONEDNN_OPTS !== "0" };
  const result = { ...versions, options, ...counts, ignoredNames: ignored().length };
  writeFileSync(join(import.meta.dirname, "results.json"), `${JSON.stringify(result, null, 2)}\n`);
  const report = {
    numPassedTests: counts.passed,
    numFailedTests: counts.failed,
    numPendingTests: 0,
    numTodoTests: 0,
    numFailedTestSuites: tooFew ? 1 : 0,
  };
  const reports = join(import.meta.dirname, "../../../../.reports");
  mkdirSync(reports, { recursive: true });
  writeFileSync(join(reports, "native.core-suite.vitest.json"), JSON.stringify(report));
}
console.log(JSON.stringify(counts));
process.exitCode = counts.failed > 0 || counts.passed === 0 || tooFew ? 1 : 0;
