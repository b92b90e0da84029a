import type { TensorKernel } from "@graftjs/backend";
import { type TensorInfo, util } from "@tensorflow/tfjs-core";
import type { StockInternals } from "../../device/internals.ts";
import { newOutput } from "../dispatch/buffers.ts";
import { submit } from "../dispatch/dispatch.ts";
import { runChannels } from "./channels.ts";
import { channelFactor, inputBindings, normalizedValue } from "./formula.ts";

// Inputs of each shader. A linear activation needs fewer.
const ALL = ["dy", "x", "mean", "variance", "offset", "scale"] as const;
const LINEAR_X = ["dy", "variance", "scale"] as const;
const LINEAR_SCALE = ["dy", "x", "mean", "variance"] as const;
const LINEAR_OFFSET = ["dy"] as const;

/** Runs `GraftBatchNormGrad`: dx in one dispatch, and the sums over each channel in another. */
export const batchNormGradKernel: TensorKernel<"GraftBatchNormGrad", StockInternals> = (
  backend,
  inputs,
  { varianceEpsilon, activation, wantX, wantScale, wantOffset },
) => {
  const { x } = inputs;
  const size = util.sizeFromShape(x.shape);
  const channels = x.shape.at(-1) as number;
  const linear = activation === "linear";
  const z = `let z = ${normalizedValue(inputs)};`;
  const slope = activation === "relu6" ? "z > 0.0 && z <= 6.0" : "z > 0.0";
  const dz = linear ? "let dz = dy[i];" : `${z} let dz = select(0.0, dy[i], ${slope});`;
  const common = { size, channels, epsilon: varianceEpsilon };
  const results: TensorInfo[] = [];
  if (wantX) {
    const dx = newOutput(backend, x.shape);
    results.push(dx.info);
    const names = linear ? LINEAR_X : ALL;
    if (size > 0) {
      runChannels(backend, {
        ...common,
        key: `GraftBatchNormGrad/x/${activation}`,
        bindings: [...inputBindings(backend, inputs, names), { name: "dx", buffer: dx.buffer, written: true }],
        element: `${dz} dx[i] = dz * ${channelFactor(inputs)};`,
      });
    }
  }
  const sums = [...(wantScale ? ["dscale"] : []), ...(wantOffset ? ["doffset"] : [])];
  if (sums.length > 0) {
    const outputs = sums.map((name) => ({ name, ...newOutput(backend, [channels]), written: true }));
    results.push(...outputs.map(({ info }) => info));
    const names = linear ? (wantScale ? LINEAR_SCALE : LINEAR_OFFSET) : ALL;
    runChannels(backend, {
      ...common,
      key: `GraftBatchNormGrad/sums/${activation}`,
      bindings: [...inputBindings(backend, inputs, names), ...outputs],
      element: `${dz} ${wantScale ? "sum_scale += dz * (x[i] - mean[c]);" : ""} ${wantOffset ? "sum_offset += dz;" : ""}`,
      sums: sums.map((name) => name.replace("d", "sum_")),
      store: `${wantScale ? "dscale[c] = sum_scale * inverseSqrt(variance[c] + u.epsilon);" : ""} ${wantOffset ? "doffset[c] = sum_offset;" : ""}`,
    });
  }
  submit(backend);
  return results;
};
