import { wasmBackend } from "@graftjs/backend-wasm";
import { webglBackend } from "@graftjs/backend-webgl";
import { webgpuBackend } from "@graftjs/backend-webgpu";
import { serveStudio } from "@graftjs/studio/worker";
import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import threaded from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url";

const wasmPaths = {
  "tfjs-backend-wasm.wasm": plain,
  "tfjs-backend-wasm-simd.wasm": simd,
  "tfjs-backend-wasm-threaded-simd.wasm": threaded,
};
const threads = globalThis.crossOriginIsolated ? "auto" : 1;

serveStudio({ backends: [webgpuBackend(), webglBackend(), wasmBackend({ wasmPaths, threads })] });
