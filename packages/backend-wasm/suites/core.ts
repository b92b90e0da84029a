/**
 * Runs all published tests of tfjs-core on this backend: `pnpm --filter @graftjs/backend-wasm suites`. Writes core.json.
 *
 *   tsx suites/core.ts --only gather   runs tests with the word in their names, and writes nothing
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { coreFolder, type Exception, runSuite } from "./run.ts";

const { only } = parseArgs({ options: { only: { type: "string", default: "" } } }).values;

const exceptions: readonly Exception[] = [
  { message: /Kernel 'Complex' not registered/, reason: "complex numbers, which the wasm backend does not support" },
  { message: /Kernel 'Ragged\w+' not registered/, reason: "ragged tensors, which the wasm backend does not support" },
  {
    message: /Kernel 'StaticRegexReplace' not registered/,
    reason: "regular expressions, which the wasm backend does not support",
  },
  { message: /has no NCHW kernels/, reason: "NCHW, which throws an error that names the kernel" },
  {
    message: /matMul on wasm takes float32, got int32/,
    reason: "int32 matMul, which throws an error that names the op",
  },
  {
    message: /takes float32, int32 and bool, got .*string|Unknown dtype string/,
    reason: "tensors of strings, which the wasm backend does not support",
  },
  {
    name: /^depthwiseConv2d gradients .* throws error on dilations > 1/,
    message: /Expected function to throw/,
    reason: "gradients of dilated depthwise convolutions: tfjs refuses them, this backend computes them",
  },
  { name: /^threshold .* otsu/, reason: "bincount of an image, which has the shape that stock wasm returns" },
  {
    name: /^avgPool .* gradient x=\[3,3,1\] f=\[3,3\] s=1 p=explicit/,
    reason:
      "the gradient of average pooling with padding in the window: tfjs expects cpu's result instead of the derivative",
  },
];

const result = await runSuite({ tests: `require("${coreFolder}/tests.js");`, exceptions, only });
console.log(JSON.stringify(result, null, 2));
if (only === "") writeFileSync(new URL("core.json", import.meta.url), `${JSON.stringify(result, null, 2)}\n`);
// A test of tfjs leaves a timer running, so the process must be ended.
process.exit(result.failed.length > 0 || result.passed === 0 ? 1 : 0);
