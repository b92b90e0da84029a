import { type Callback, mapTree, type StateTree, type TaskTrainer, visitTensors } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Wraps the combiner's memory in a callback, so that checkpoints keep it. */
export function combinerState(trainer: TaskTrainer): Callback {
  return {
    name: "combiner",
    stepwise: true,
    async save() {
      const tensors = new Map<string, Float32Array>();
      const shapes: { [path: string]: readonly number[] } = {};
      const waiting: Promise<void>[] = [];
      visitTensors(trainer.state, (tensor, path) => {
        shapes[path] = tensor.shape;
        waiting.push(tensor.data().then((values) => void tensors.set(path, (values as Float32Array).slice())));
      });
      await Promise.all(waiting);
      return { json: { tree: plain(trainer.state), shapes }, tensors };
    },
    load({ json, tensors }) {
      const { tree, shapes } = json as { tree: unknown; shapes: { [path: string]: number[] } };
      trainer.state = revived(tree, (path) => tf.keep(tf.tensor(tensors.get(path) as Float32Array, shapes[path])));
    },
  };
}

/** Returns the state as JSON. A tensor becomes `{ "$at": path }`. */
function plain(state: StateTree): unknown {
  const paths = new Map<number, string>();
  mapTree(state, (tensor, path) => {
    paths.set(tensor.id, path);
    return tensor;
  });
  return JSON.parse(
    JSON.stringify(state, (_key, value: unknown) =>
      value instanceof tf.Tensor ? { $at: paths.get(value.id) } : value,
    ),
  ) as unknown;
}

function revived(node: unknown, at: (path: string) => tf.Tensor): StateTree {
  if (node === null || typeof node !== "object") return node as StateTree;
  if (Array.isArray(node)) return node.map((child) => revived(child, at));
  if ("$at" in node) return at(node.$at as string);
  return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, revived(child, at)]));
}
