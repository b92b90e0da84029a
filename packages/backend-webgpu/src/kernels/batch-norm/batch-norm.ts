import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import { util } from "@tensorflow/tfjs-core";
import { internals, type StockInternals } from "../../device/internals.ts";
import { begin } from "../dispatch/live-internals.ts";
import { type Activation, type Binding, runChannels } from "./channels.ts";
import { attributes, bufferOfInfo, optionalInput, newOutput } from "../dispatch/outputs.ts";
import { submit } from "../dispatch/dispatch.ts";

interface Attrs {
  readonly varianceEpsilon: number;
  readonly activation: Activation;
}

interface GradAttrs extends Attrs {
  readonly wantX: boolean;
  readonly wantScale: boolean;
  readonly wantOffset: boolean;
}

type Inputs = Parameters<KernelFunc>[0]["inputs"];

/** Inputs of the normalization under the names of the shader; offset and scale where they are given. */
function normBindings(backend: StockInternals, inputs: Inputs, names: readonly string[]): readonly Binding[] {
  return names.flatMap((name) => {
    const info = optionalInput(inputs, name);
    return info ? [{ name, buffer: bufferOfInfo(backend, info) }] : [];
  });
}

/** The formula of stock FusedBatchNorm, term by term, so that both round alike. */
function normed(inputs: Inputs): string {
  const offset = optionalInput(inputs, "offset") ? "offset[c]" : "0.0";
  return `dot(vec3<f32>(x[i], -mean[c], ${offset}), vec3<f32>(${inverse(inputs)}, ${inverse(inputs)}, 1.0))`;
}

function inverse(inputs: Inputs): string {
  return `(${optionalInput(inputs, "scale") ? "scale[c]" : "1.0"} * inverseSqrt(variance[c] + u.epsilon))`;
}

function activated(activation: Activation, z: string): string {
  if (activation === "relu") return `max(${z}, 0.0)`;
  return activation === "relu6" ? `clamp(${z}, 0.0, 6.0)` : z;
}

/** `GraftBatchNorm`: act(FusedBatchNorm(x)) in one dispatch. */
export const batchNormKernel: KernelFunc = ({ inputs, attrs, backend: given }) => {
  const backend = internals(begin(given));
  const { varianceEpsilon, activation } = attributes<Attrs>(attrs);
  const x = inputs.x as TensorInfo;
  const size = util.sizeFromShape(x.shape);
  if (size === 0) return backend.makeTensorInfo(x.shape, "float32", new Float32Array(0));
  const y = newOutput(backend, x.shape);
  runChannels(backend, {
    key: `GraftBatchNorm/${activation}`,
    bindings: [
      ...normBindings(backend, inputs, ["x", "mean", "variance", "offset", "scale"]),
      { name: "y", buffer: y.buffer, written: true },
    ],
    element: `y[i] = ${activated(activation, normed(inputs))};`,
    size,
    channels: x.shape.at(-1) as number,
    epsilon: varianceEpsilon,
  });
  submit(backend);
  return y.info;
};

/** `GraftBatchNormGrad`: dx in one dispatch, the sums over each channel in another. */
export const batchNormGradKernel: KernelFunc = ({ inputs, attrs, backend: given }) => {
  const backend = internals(begin(given));
  const { varianceEpsilon, activation, wantX, wantScale, wantOffset } = attributes<GradAttrs>(attrs);
  const x = inputs.x as TensorInfo;
  const size = util.sizeFromShape(x.shape);
  const channels = x.shape.at(-1) as number;
  const linear = activation === "linear";
  const z = `let z = ${normed(inputs)};`;
  const slope = activation === "relu6" ? "z > 0.0 && z <= 6.0" : "z > 0.0";
  const dz = linear ? "let dz = dy[i];" : `${z} let dz = select(0.0, dy[i], ${slope});`;
  const common = { size, channels, epsilon: varianceEpsilon };
  const made: TensorInfo[] = [];
  if (wantX) {
    const dx = newOutput(backend, x.shape);
    made.push(dx.info);
    const names = linear ? ["dy", "variance", "scale"] : ["dy", "x", "mean", "variance", "offset", "scale"];
    if (size > 0) {
      runChannels(backend, {
        ...common,
        key: `GraftBatchNormGrad/x/${activation}`,
        bindings: [...normBindings(backend, inputs, names), { name: "dx", buffer: dx.buffer, written: true }],
        element: `${dz} dx[i] = dz * ${inverse(inputs)};`,
      });
    }
  }
  const sums = [...(wantScale ? ["dscale"] : []), ...(wantOffset ? ["doffset"] : [])];
  if (sums.length > 0) {
    const outputs = sums.map((name) => ({ name, ...newOutput(backend, [channels]), written: true }));
    made.push(...outputs.map(({ info }) => info));
    const norm = linear ? [] : ["offset", "scale"];
    const names = wantScale || !linear ? ["dy", "x", "mean", "variance", ...norm] : ["dy"];
    runChannels(backend, {
      ...common,
      key: `GraftBatchNormGrad/sums/${activation}`,
      bindings: [...normBindings(backend, inputs, names), ...outputs],
      element: `${dz} ${wantScale ? "sum_scale += dz * (x[i] - mean[c]);" : ""} ${wantOffset ? "sum_offset += dz;" : ""}`,
      sums: sums.map((name) => name.replace("d", "sum_")),
      store: `${wantScale ? "dscale[c] = sum_scale * inverseSqrt(variance[c] + u.epsilon);" : ""} ${wantOffset ? "doffset[c] = sum_offset;" : ""}`,
    });
  }
  submit(backend);
  return made;
};

/** `GraftActivationGrad`: dz of relu or relu6 from the output, and its sum over each channel where asked. */
export const activationGradKernel: KernelFunc = ({ inputs, attrs, backend: given }) => {
  const backend = internals(begin(given));
  const { activation, wantSum } = attributes<{ readonly activation: Activation; readonly wantSum: boolean }>(attrs);
  const y = inputs.y as TensorInfo;
  const size = util.sizeFromShape(y.shape);
  const channels = y.shape.at(-1) ?? 1;
  const slopes = { linear: "true", relu: "y[i] > 0.0", relu6: "y[i] > 0.0 && y[i] < 6.0" };
  const dz = `select(0.0, dy[i], ${slopes[activation]})`;
  const read = normBindings(backend, inputs, activation === "linear" ? ["dy"] : ["dy", "y"]);
  const common = { size, channels, epsilon: 0 };
  const out = newOutput(backend, y.shape);
  if (size > 0) {
    runChannels(backend, {
      ...common,
      key: `GraftActivationGrad/${activation}`,
      bindings: [...read, { name: "dz", buffer: out.buffer, written: true }],
      element: `dz[i] = ${dz};`,
    });
  }
  const sum = wantSum ? newOutput(backend, [channels]) : undefined;
  if (sum) {
    runChannels(backend, {
      ...common,
      key: `GraftActivationGrad/sum/${activation}`,
      bindings: [...read, { name: "total", buffer: sum.buffer, written: true }],
      element: `sum += ${dz};`,
      sums: ["sum"],
      store: "total[c] = sum;",
    });
  }
  submit(backend);
  return [out.info, ...(sum ? [sum.info] : [])];
};
