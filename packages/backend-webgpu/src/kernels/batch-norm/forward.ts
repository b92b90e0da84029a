import { type KernelFunc, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { liveInternals, newOutput } from "../dispatch/buffers.ts";
import { submit } from "../dispatch/dispatch.ts";
import { runChannels } from "./channels.ts";
import { type Activation, activated, attributes, inputBindings, normalizedValue } from "./formula.ts";

interface Attrs {
  readonly varianceEpsilon: number;
  readonly activation: Activation;
}

/** Runs `GraftBatchNorm`: act(FusedBatchNorm(x)) in one dispatch. */
export const batchNormKernel: KernelFunc = ({ inputs, attrs, backend: given }) => {
  const backend = liveInternals(given);
  const { varianceEpsilon, activation } = attributes<Attrs>(attrs);
  const x = inputs.x as TensorInfo;
  const size = util.sizeFromShape(x.shape);
  if (size === 0) return backend.makeTensorInfo(x.shape, "float32", new Float32Array(0));
  const y = newOutput(backend, x.shape);
  runChannels(backend, {
    key: `GraftBatchNorm/${activation}`,
    bindings: [
      ...inputBindings(backend, inputs, ["x", "mean", "variance", "offset", "scale"]),
      { name: "y", buffer: y.buffer, written: true },
    ],
    element: `y[i] = ${activated(activation, normalizedValue(inputs))};`,
    size,
    channels: x.shape.at(-1) as number,
    epsilon: varianceEpsilon,
  });
  submit(backend);
  return y.info;
};
