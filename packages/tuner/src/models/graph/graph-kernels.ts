import type { CallableLayer, LayersLike, NamedWeight } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import { type GraphDefNode, nodeName } from "./graph-model.ts";

/** The kernels of a graph as layers, so that patches can change how they are computed. */
export interface GraphKernels {
  /** One layer of class `GraphKernel` for each kernel. It has the kernel as its only weight. */
  readonly patchable: LayersLike;
  /** Returns the names of the graph's nodes that hold the kernels of some layers. @param paths names of the layers */
  namesIn(paths: ReadonlySet<string>): readonly string[];
  /** Runs `execute` while the graph has the kernels that the patched layers compute. */
  run<T>(execute: () => T): T;
}

/** Ops whose second input is a kernel with the outputs on its last axis. A depthwise kernel is too small for adapters. */
const WITH_KERNEL = /^(_Fused)?(MatMul|Conv2D)$|^(Conv3D|BatchMatMul|BatchMatMulV2)$/;

/**
 * Lists the kernels of a graph.
 *
 * @param weights the variables of the graph's constants, named after their nodes.
 * @param slots the graph's own table of constants, which it reads at each execution.
 */
export function graphKernels(
  nodes: readonly GraphDefNode[],
  weights: readonly NamedWeight[],
  slots: { readonly [name: string]: tf.Tensor[] },
): GraphKernels {
  const byName = new Map(weights.map((weight) => [weight.name, weight]));
  const read = nodes.filter(({ op }) => WITH_KERNEL.test(op)).map(({ input }) => nodeName(input?.[1] ?? ""));
  // In the order of the graph, so that the last kernel is the head's.
  const kernels = [...new Set(read)].flatMap((name) => {
    const weight = byName.get(name);
    return weight && weight.shape.length > 1 ? [kernelLayer(weight)] : [];
  });
  return {
    patchable: { name: "GraphModel", layers: kernels.map(({ layer }) => layer) },
    namesIn: (paths) => kernels.filter(({ layer }) => paths.has(layer.name)).map(({ name }) => name),
    run(execute) {
      const changed = kernels.filter(({ isPatched }) => isPatched());
      if (changed.length === 0) return execute();
      const withKernels = (): ReturnType<typeof execute> => {
        const before = changed.map(({ name }) => slots[name]?.[0] as tf.Tensor);
        const put = (tensors: readonly tf.Tensor[]): void =>
          changed.forEach(({ name }, i) => {
            (slots[name] as tf.Tensor[])[0] = tensors[i] as tf.Tensor;
          });
        try {
          put(changed.map(({ layer }) => layer.weights[0]?.read() as tf.Tensor));
          return execute();
        } finally {
          put(before);
        }
      };
      // Each patched layer computes its kernel, and runs the next one within.
      return changed.reduceRight(
        (inner, { around }) =>
          () =>
            around(inner),
        withKernels,
      )();
    },
  };
}

interface Kernel {
  /** Name of the graph's node. */
  readonly name: string;
  readonly layer: CallableLayer;
  isPatched(): boolean;
  /** Runs `inner` within the layer's `call`. */
  around<T>(inner: () => T): T;
}

function kernelLayer({ name, layer: path, variable }: NamedWeight): Kernel {
  let inner: (() => unknown) | undefined;
  const own: CallableLayer["call"] = () => inner?.() as tf.Tensor;
  const weights = [{ originalName: name, trainable: true, read: () => variable as tf.Tensor }];
  const layer: CallableLayer = {
    name: path,
    trainable: true,
    weights,
    trainableWeights: weights,
    getClassName: () => "GraphKernel",
    call: own,
  };
  return {
    name,
    layer,
    isPatched: () => layer.call !== own,
    around<T>(run: () => T): T {
      const before = inner;
      inner = run;
      try {
        return layer.call([], {}) as T;
      } finally {
        inner = before;
      }
    },
  };
}
