import { execFileSync } from "node:child_process";
import os from "node:os";
import * as tf from "@tensorflow/tfjs-core";
import { targetFor } from "../../backend-node/src/install/target.ts";
import { WHEELS } from "../../backend-node/src/install/wheels.ts";

/** The date of a bench, and the versions that it ran with. Absent ones are null. */
export interface Versions {
  readonly date: string;
  readonly processor: string;
  readonly node: string;
  readonly otherNode: string | null;
  readonly tfjs: string;
  /** Version of the libraries of `@graftjs/backend-node` and of the stock tfjs-node. */
  readonly tensorflow: string | null;
  readonly torch: string | null;
}

/** Returns the versions of this run. */
export function versions(): Versions {
  const { GRAFT_BENCH_NODE: node, GRAFT_TORCH_PYTHON: python } = process.env;
  const printed = (command: string | undefined, ...args: readonly string[]): string | null =>
    command ? execFileSync(command, args, { encoding: "utf8" }).trim() : null;
  return {
    date: new Date().toISOString(),
    processor: os.cpus()[0]?.model ?? "unknown",
    node: process.version,
    otherNode: printed(node, "--version"),
    tfjs: tf.version_core,
    tensorflow: WHEELS[targetFor("cpu")][0]?.version ?? null,
    torch: printed(python, "-c", "import torch; print(torch.__version__)"),
  };
}
