import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * What TensorFlow's CUDA build writes at every start though nothing is wrong, past its own log level: absl's log is not set up
 * while a library initializes (tensorflow/tensorflow#62075).
 */
const EVERY_TIME: readonly RegExp[] = [
  /^WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR$/,
  /Unable to register cu(?:DNN|BLAS|FFT) factory: Attempting to register factory for plugin cu\w+ when one has already been registered$/,
];

/** The lines of `text` that are not the CUDA build's usual ones. */
export function unexpectedLines(text: string): readonly string[] {
  return text.split("\n").filter((line) => line.trim() !== "" && !EVERY_TIME.some((usual) => usual.test(line)));
}

/**
 * Loads TensorFlow's CUDA build ahead of the binding, so that the lines of {@link EVERY_TIME} stay away; everything else that it
 * says is passed on. Does nothing where our module for it is not there.
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
