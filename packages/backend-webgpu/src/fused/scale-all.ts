import type { KernelFunc, Tensor } from "@tensorflow/tfjs-core";
import { internals } from "../device/internals.ts";
import { begin } from "./begin.ts";
import { assertLists, bufferOf, writableBuffer } from "./own.ts";
import { runStep, submit } from "./run.ts";
import type { StepShader } from "./wgsl.ts";

const scale: StepShader = {
  key: "GraftScaleAll",
  written: ["y"],
  read: ["x"],
  numbers: [],
  shared: [],
  common: { factor: "read" },
  element: (a) => `${a("y")} = ${a("x")} * factor[0];`,
};

/** `GraftScaleAll`: outputsᵢ ← tensorsᵢ · factor, a few tensors a dispatch. */
export const scaleAllKernel: KernelFunc = ({ attrs, backend: given }) => {
  const { tensors, outputs, factor } = attrs as unknown as {
    readonly tensors: readonly Tensor[];
    readonly outputs: readonly Tensor[];
    readonly factor: Tensor;
  };
  const backend = internals(begin(given));
  assertLists("GraftScaleAll", { tensors, outputs }, ["outputs"]);
  assertLists("GraftScaleAll", { factor: [factor] }, []);
  const parts = tensors.map((tensor, i) => ({
    size: tensor.size,
    buffers: [writableBuffer(backend, outputs[i] as Tensor), bufferOf(backend, tensor)],
    numbers: [],
  }));
  runStep(backend, scale, parts, [], [bufferOf(backend, factor)]);
  submit(backend);
  return [];
};
