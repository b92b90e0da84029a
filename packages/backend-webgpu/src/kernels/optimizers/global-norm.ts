import type { FusedKernels } from "@graftjs/core";
import type { StockInternals } from "../../device/internals.ts";
import { bufferOf, writableBuffer } from "../dispatch/buffers.ts";
import { dispatchOnce, dispatchStep, submit } from "../dispatch/dispatch.ts";
import { scratch } from "../dispatch/scratch.ts";
import { assertLists } from "../dispatch/tensor-lists.ts";
import type { StepShader } from "../dispatch/wgsl.ts";
import { BLUE, reduction, reductionGroups, SUMS } from "./safe-norms.ts";

/** Sums the squares of each tensor. */
const measure: StepShader = {
  key: "GraftGlobalNorm",
  written: [],
  read: ["x"],
  numbers: [],
  shared: [],
  common: { partials: "read_write" },
  ...reduction(["x"]),
  element: (a) => `sum_x += blue(${a("x")});`,
};

/** Adds up the partial sums and takes the norm, in one workgroup. */
const TOTAL = `
struct Uniforms { sums: u32 };
@group(0) @binding(0) var<storage, read> partials: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> u: Uniforms;
${BLUE}
var<workgroup> tile: array<vec4<f32>, 256>;
@compute @workgroup_size(256)
fn main(@builtin(local_invocation_id) local: vec3<u32>) {
  var sums = vec4<f32>(0.0);
  for (var i = local.x; i < u.sums; i += 256u) {
    sums += partials[i];
  }
  tile[local.x] = sums;
  workgroupBarrier();
  for (var width = 128u; width > 0u; width = width / 2u) {
    if (local.x < width) { tile[local.x] += tile[local.x + width]; }
    workgroupBarrier();
  }
  if (local.x == 0u) { out[0] = blueNorm(tile[0]); }
}`;

/** Runs `GraftGlobalNorm`: out ← √(Σᵢ‖tᵢ‖²), with several tensors per dispatch. */
export function globalNormKernel(
  backend: StockInternals,
  { tensors: all, out }: FusedKernels["GraftGlobalNorm"],
): void {
  assertLists("GraftGlobalNorm", { tensors: all }, []);
  assertLists("GraftGlobalNorm", { out: [out] }, ["out"]);
  // Leave out empty tensors: they write no partial sums, so that the memory for these would hold old values.
  const tensors = all.filter(({ size }) => size > 0);
  const sizes = tensors.map(({ size }) => size);
  const groups = reductionGroups(sizes);
  const partials = scratch(backend, 4 * SUMS * Math.max(1, sizes.length * groups));
  const parts = tensors.map((tensor) => ({ size: tensor.size, buffers: [bufferOf(backend, tensor)], numbers: [] }));
  dispatchStep(backend, measure, parts, [], [partials], groups);
  dispatchOnce(
    backend,
    "GraftGlobalNorm/total",
    () => TOTAL,
    [partials, writableBuffer(backend, out)],
    (_, words) => {
      words[0] = sizes.length * groups;
    },
    16,
    1,
  );
  submit(backend);
}
