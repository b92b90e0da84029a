import type { TensorKernel } from "@graftjs/backend";
import { util } from "@tensorflow/tfjs-core";
import type { StockInternals } from "../../device/internals.ts";
import { newOutput } from "../dispatch/buffers.ts";
import { submit } from "../dispatch/dispatch.ts";
import { runChannels } from "./channels.ts";
import { inputBindings } from "./formula.ts";

/** Runs `GraftActivationGrad`: the gradient of relu or relu6 from its output, and on request its sum over each channel. */
export const activationGradKernel: TensorKernel<"GraftActivationGrad", StockInternals> = (
  backend,
  inputs,
  { activation, wantSum },
) => {
  const { y } = inputs;
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
