/** Chromium quiet and alone: nothing of it is fetched, updated or reported while a test runs. */
export const QUIET_FLAGS: readonly string[] = [
  "--no-sandbox",
  "--no-first-run",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Whether the GPU tests are to run on the machine's own GPU: `GRAFT_GPU=hardware`. Else on SwiftShader, as everywhere in CI. */
export const hardware: boolean = process.env.GRAFT_GPU === "hardware";

/** WebGL runs on SwiftShader without a GPU. */
export const WEBGL_FLAGS: readonly string[] = hardware
  ? ["--ignore-gpu-blocklist"]
  : ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"];

/** WebGPU on Linux, and on SwiftShader where there is no GPU. */
export const WEBGPU_FLAGS: readonly string[] = hardware
  ? ["--ignore-gpu-blocklist", "--enable-unsafe-webgpu", "--enable-features=Vulkan"]
  : ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
