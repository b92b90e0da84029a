import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * Lines that TensorFlow's CUDA build writes at every start although nothing is wrong. They ignore its log level, because absl's log
 * is not set up while a library initializes (tensorflow/tensorflow#62075).
 */
const USUAL: readonly RegExp[] = [
  /^WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR$/,
  /Unable to register cu(?:DNN|BLAS|FFT) factory: Attempting to register factory for plugin cu\w+ when one has already been registered$/,
];

/** Returns the lines of `text` that are not the CUDA build's usual ones. */
export function unexpectedLines(text: string): readonly string[] {
  return text.split("\n").filter((line) => line.trim() !== "" && !USUAL.some((pattern) => pattern.test(line)));
}

/**
 * Loads TensorFlow's CUDA build before the binding does, and hides the lines of {@link USUAL}. All other lines go to `write`.
 * Does nothing on platforms without our module for this.
 *
 * @param write gets each line. @default writes to stderr
 */
export function quietlyLoad(
  library: string,
  write: (text: string) => void = (text) => process.stderr.write(text),
): void {
  const from = createRequire(import.meta.url);
  const helper = join(
    dirname(from.resolve("@graftjs/backend-node/package.json")),
    "prebuilt",
    `${process.platform}-${process.arch}-quiet.node`,
  );
  if (!existsSync(helper)) return;
  const { load } = from(helper) as { load(path: string): string };
  for (const line of unexpectedLines(load(library))) write(`${line}\n`);
}
