/**
 * tfjs-core's published tests, all of them, on this backend: `pnpm --filter @graftjs/backend-wasm suites`. Writes core.json.
 *
 *   tsx suites/core.ts --only gather   those with the word in their names; writes nothing
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { coreFolder, type Exception, runSuite } from "./run.ts";

const { only } = parseArgs({ options: { only: { type: "string", default: "" } } }).values;

const exceptions: readonly Exception[] = [
  { message: /Kernel 'Complex' not registered/, reason: "complex numbers, which the wasm backend has not" },
  { message: /Kernel 'Ragged\w+' not registered/, reason: "ragged tensors, which the wasm backend has not" },
  {
    message: /Kernel 'StaticRegexReplace' not registered/,
    reason: "regular expressions, which the wasm backend has not",
  },
  { message: /has no NCHW kernels/, reason: "NCHW, refused by name" },
  { message: /matMul on wasm takes float32, got int32/, reason: "int32 matMul, refused by name" },
  {
    message: /takes float32, int32 and bool, got .*string|Unknown dtype string/,
    reason: "tensors of strings, which the wasm backend has not",
  },
  {
    name: /^depthwiseConv2d gradients .* throws error on dilations > 1/,
    message: /Expected function to throw/,
    reason: "gradients of dilated depthwise convolutions, which tfjs refuses and this backend has",
  },
  { name: /^threshold .* otsu/, reason: "bincount of an image, whose shape is stock wasm's" },
  {
    name: /^avgPool .* gradient x=\[3,3,1\] f=\[3,3\] s=1 p=explicit/,
    reason:
      "the gradient of average pooling with padding in the window, where tfjs expects what cpu gives and not the derivative",
  },
];

const result = await runSuite({ tests: `require("${coreFolder}/tests.js");`, exceptions, only });
console.log(JSON.stringify(result, null, 2));
if (only === "") writeFileSync(new URL("core.json", import.meta.url), `${JSON.stringify(result, null, 2)}\n`);
// A test of tfjs leaves a timer behind.
process.exit(result.failed.length > 0 || result.passed === 0 ? 1 : 0);
