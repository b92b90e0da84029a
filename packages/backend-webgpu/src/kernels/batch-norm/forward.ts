import type { TensorKernel } from "@graftjs/backend";
import { util } from "@tensorflow/tfjs-core";
import type { StockInternals } from "../../device/internals.ts";
import { newOutput } from "../dispatch/buffers.ts";
import { submit } from "../dispatch/dispatch.ts";
import { runChannels } from "./channels.ts";
import { activated, inputBindings, normalizedValue } from "./formula.ts";

/** Runs `GraftBatchNorm`: act(FusedBatchNorm(x)) in one dispatch. */
export const batchNormKernel: TensorKernel<"GraftBatchNorm", StockInternals> = (
  backend,
  inputs,
  { varianceEpsilon, activation },
) => {
  const { x } = inputs;
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
