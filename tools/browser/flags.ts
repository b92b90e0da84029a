/** Flags that keep Chromium from downloads, updates and reports while a test runs. */
export const QUIET_FLAGS: readonly string[] = [
  "--no-sandbox",
  "--no-first-run",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Whether the GPU tests run on the machine's own GPU (`GRAFT_GPU=hardware`). By default they run on SwiftShader, as in CI. */
export const hardware: boolean = process.env.GRAFT_GPU === "hardware";

/** Flags for WebGL. Without a GPU it runs on SwiftShader. */
export const WEBGL_FLAGS: readonly string[] = hardware
  ? ["--ignore-gpu-blocklist"]
  : ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"];

/** Flags for WebGPU on Linux. Without a GPU it runs on SwiftShader. */
export const WEBGPU_FLAGS: readonly string[] = hardware
  ? ["--ignore-gpu-blocklist", "--enable-unsafe-webgpu", "--enable-features=Vulkan"]
  : ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
