import { type KernelFunc, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { liveInternals, newOutput } from "../dispatch/buffers.ts";
import { submit } from "../dispatch/dispatch.ts";
import { runChannels } from "./channels.ts";
import { type Activation, attributes, inputBindings } from "./formula.ts";

interface Attrs {
  readonly activation: Activation;
  readonly wantSum: boolean;
}

/** Runs `GraftActivationGrad`: the gradient of relu or relu6 from its output, and on request its sum over each channel. */
export const activationGradKernel: KernelFunc = ({ inputs, attrs, backend: given }) => {
  const backend = liveInternals(given);
  const { activation, wantSum } = attributes<Attrs>(attrs);
  const y = inputs.y as TensorInfo;
  const size = util.sizeFromShape(y.shape);
  const channels = y.shape.at(-1) ?? 1;
  const slopes = { linear: "true", relu: "y[i] > 0.0", relu6: "y[i] > 0.0 && y[i] < 6.0" };
  const dz = `select(0.0, dy[i], ${slopes[activation]})`;
  const inputBuffers = inputBindings(backend, inputs, activation === "linear" ? ["dy"] : ["dy", "y"]);
  const common = { size, channels, epsilon: 0 };
  const gradient = newOutput(backend, y.shape);
  if (size > 0) {
    runChannels(backend, {
      ...common,
      key: `GraftActivationGrad/${activation}`,
      bindings: [...inputBuffers, { name: "dz", buffer: gradient.buffer, written: true }],
      element: `dz[i] = ${dz};`,
    });
  }
  const sum = wantSum ? newOutput(backend, [channels]) : undefined;
  if (sum) {
    runChannels(backend, {
      ...common,
      key: `GraftActivationGrad/sum/${activation}`,
      bindings: [...inputBuffers, { name: "total", buffer: sum.buffer, written: true }],
      element: `sum += ${dz};`,
      sums: ["sum"],
      store: "total[c] = sum;",
    });
  }
  submit(backend);
  return [gradient.info, ...(sum ? [sum.info] : [])];
};
