import { execFileSync } from "node:child_process";
import os from "node:os";
import * as tf from "@tensorflow/tfjs-core";
import { targetFor } from "../../backend-node/src/install/target.ts";
import { WHEELS } from "../../backend-node/src/install/wheels.ts";

/** What a bench ran on, and when. What is absent is null. */
export interface Versions {
  readonly date: string;
  readonly processor: string;
  readonly node: string;
  readonly otherNode: string | null;
  readonly tfjs: string;
  /** Of the libraries under `@graftjs/backend-node` and the stock tfjs-node beside it. */
  readonly tensorflow: string | null;
  readonly torch: string | null;
}

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
