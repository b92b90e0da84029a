import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A peer's answer to "train `steps` steps of `net`". */
export interface Answer {
  readonly milliseconds: readonly number[];
  readonly loss: number;
}

/** A process that trains the same nets. */
export interface Peer {
  readonly name: string;
  train(net: string, steps: number): Promise<Answer>;
  end(): void;
}

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const tsx = path("../../../node_modules/.bin/tsx");

/** Starts the peers that are available here. Returns them, and the absent ones with the reason. */
export function peers(): { readonly present: readonly Peer[]; readonly absent: string[] } {
  const present = [
    start("wasm", tsx, [path("worker.ts"), "1"]),
    start("wasm, 2 threads", tsx, [path("worker.ts"), "2"]),
  ];
  const absent: string[] = [];
  const node = process.env.GRAFT_BENCH_NODE;
  if (node) {
    present.push(start("wasm, other Node", node, ["--import", "tsx", path("worker.ts"), "1"]));
    present.push(start("wasm, other Node, 2 threads", node, ["--import", "tsx", path("worker.ts"), "2"]));
  } else absent.push("wasm on another Node (GRAFT_BENCH_NODE is not set to a node binary)");
  const native = path("../../backend-node/bench/worker.ts");
  if (existsSync(native)) {
    present.push(start("stock tfjs-node", tsx, [native, "stock"]));
    present.push(start("@graftjs/backend-node", tsx, [native, "graft"]));
  } else absent.push("stock tfjs-node and @graftjs/backend-node (packages/backend-node has no bench)");
  const python = process.env.GRAFT_TORCH_PYTHON;
  if (python) {
    present.push(start("PyTorch, 1 thread", python, [path("torch_worker.py"), "1"]));
    present.push(start("PyTorch, 2 threads", python, [path("torch_worker.py"), "2"]));
  } else {
    absent.push("PyTorch (GRAFT_TORCH_PYTHON is not set to a python with torch)");
  }
  return { present, absent };
}

/** Starts a peer. Its program reads `<net> <steps>` and answers with an {@link Answer}. */
export function start(name: string, command: string, args: readonly string[]): Peer {
  const child: ChildProcess = spawn(command, args, { stdio: ["pipe", "pipe", "ignore"] });
  if (!child.stdout || !child.stdin) throw new Error(`${name} has no pipes.`);
  const waiting: { resolve(answer: Answer): void; reject(error: Error): void }[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.startsWith("{")) waiting.shift()?.resolve(JSON.parse(line) as Answer);
  });
  const fail = (why: string): void => {
    for (const { reject } of waiting.splice(0)) reject(new Error(why));
  };
  child.on("error", (error) => fail(error.message));
  child.on("exit", (code) => fail(`ended with ${code}`));
  return {
    name,
    train: (net, steps) =>
      new Promise((resolve, reject) => {
        if (child.exitCode !== null) reject(new Error(`ended with ${child.exitCode}`));
        waiting.push({ resolve, reject });
        child.stdin?.write(`${net} ${steps}\n`);
      }),
    end: () => child.kill(),
  };
}
