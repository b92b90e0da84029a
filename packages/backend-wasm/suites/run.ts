import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type BuildOptions, build } from "esbuild";

const require = createRequire(import.meta.url);
const packageFolder = join(import.meta.dirname, "..");
/** Folder of tfjs-core's built files. */
export const coreFolder: string = join(dirname(require.resolve("@tensorflow/tfjs-core/package.json")), "dist");

/**
 * A reason why tests may fail. It applies to tests with this name, or with this message of the backend. An exception that no
 * test needs counts as a failure.
 */
export interface Exception {
  readonly name?: RegExp;
  readonly message?: RegExp;
  readonly reason: string;
}

/** The counts of a suite. */
export interface SuiteResult {
  readonly ran: number;
  readonly passed: number;
  /** Number of tests that fail as expected, by reason. */
  readonly excepted: Readonly<Record<string, number>>;
  readonly failed: readonly string[];
}

/** Options of {@link runSuite}. */
export interface SuiteOptions {
  /** Modules to import before the tests. @default [] */
  readonly imports?: readonly string[];
  /** Statements that define the tests. They are bundled. */
  readonly tests: string;
  readonly exceptions: readonly Exception[];
  /** Runs only tests whose names contain this. @default "" */
  readonly only?: string;
  /** Options of esbuild, besides those of every suite. */
  readonly build?: BuildOptions;
}

/**
 * Runs a suite of tfjs under jasmine on this backend. The suites expect tfjs's own tools, so esbuild bundles them with one copy
 * of tfjs-core, which the backend shares. A process can run one suite.
 */
export async function runSuite({
  imports = [],
  tests,
  exceptions,
  only = "",
  build: extra,
}: SuiteOptions): Promise<SuiteResult> {
  const bundle = join(packageFolder, `node_modules/.cache/suite-${process.pid}.cjs`);
  await bundleSuite(bundle, imports, tests, extra);
  try {
    require(bundle);
    const { suite, defineTests } = globalThis as unknown as Bundle;
    await suite.wasmBackend().init();
    suite.jasmineUtil.setTestEnvs([{ name: "test-wasm", backendName: "wasm", flags: {}, isDataSync: true }]);
    const define = (): void => {
      // Each part of tfjs's suites ends with an engine without a backend, and some later tests expect a default one.
      (globalThis as unknown as { beforeEach(run: () => Promise<unknown>): void }).beforeEach(async () => {
        if (suite.tf.engine().backendName === null) await suite.tf.setBackend("wasm");
      });
      defineTests();
    };
    return await execute(define, exceptions, only);
  } finally {
    rmSync(bundle, { force: true });
  }
}

async function bundleSuite(
  outfile: string,
  imports: readonly string[],
  tests: string,
  { alias, plugins, ...extra }: BuildOptions = {},
): Promise<void> {
  const contents = `
    import * as tf from "${coreFolder}/index.js";
    import "${coreFolder}/public/chained_ops/register_all_chained_ops.js";
    import "${coreFolder}/register_all_gradients.js";
    import * as jasmineUtil from "${coreFolder}/jasmine_util.js";
    ${imports.map((name) => `import "${name}";`).join("\n")}
    import { wasmBackend } from "${packageFolder}/src/adapter.ts";
    globalThis.suite = { tf, jasmineUtil, wasmBackend };
    globalThis.defineTests = () => { ${tests} };`;
  await build({
    stdin: { contents, resolveDir: packageFolder },
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    logLevel: "error",
    // tfjs declares its tests free of side effects, so esbuild would drop them.
    ignoreAnnotations: true,
    mainFields: ["module", "main"],
    alias: { "@tensorflow/tfjs-core": join(coreFolder, "index.js"), ...alias },
    ...(plugins ? { plugins } : {}),
    define: { "import.meta.url": "__importMetaUrl" },
    banner: { js: 'const __importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
    ...extra,
  });
}

async function execute(define: () => void, exceptions: readonly Exception[], only: string): Promise<SuiteResult> {
  const core = require("jasmine-core") as { boot(core: unknown): Jasmine };
  const env = core.boot(core).getEnv();
  const excepted: Record<string, number> = {};
  const failed: string[] = [];
  let passed = 0;
  env.configure({ random: false, specFilter: (spec: { getFullName(): string }) => spec.getFullName().includes(only) });
  env.addReporter({
    specDone({ fullName, status, failedExpectations }: Spec) {
      if (status === "passed") passed++;
      if (status !== "failed") return;
      const message = failedExpectations[0]?.message.split("\n")[0] ?? "";
      const exception = exceptions.find((e) => (e.name?.test(fullName) ?? true) && (e.message?.test(message) ?? true));
      if (exception) {
        excepted[exception.reason] = (excepted[exception.reason] ?? 0) + 1;
        return;
      }
      failed.push(fullName);
      console.error(`${fullName}\n    ${message.slice(0, 300)}`);
    },
  });
  define();
  await env.execute();
  if (only === "") {
    for (const { reason } of exceptions)
      if (!(reason in excepted)) failed.push(`No test needs the exception "${reason}".`);
  }
  const counted = Object.values(excepted).reduce((sum, count) => sum + count, 0);
  return { ran: passed + counted + failed.length, passed, excepted, failed };
}

interface Spec {
  readonly fullName: string;
  readonly status: string;
  readonly failedExpectations: readonly { readonly message: string }[];
}
interface Jasmine {
  getEnv(): { configure(options: object): void; addReporter(reporter: object): void; execute(): Promise<unknown> };
}
/** The properties that the bundle adds to `globalThis`. */
interface Bundle {
  readonly suite: {
    readonly tf: {
      engine(): { readonly backendName: string | null };
      setBackend(name: string): Promise<boolean>;
    };
    readonly jasmineUtil: { setTestEnvs(envs: readonly object[]): void };
    readonly wasmBackend: () => { init(): Promise<unknown> };
  };
  readonly defineTests: () => void;
}
