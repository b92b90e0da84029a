/** Chromium quiet and alone: nothing of it is fetched, updated or reported while a test runs. */
export const QUIET_FLAGS: readonly string[] = [
  "--no-sandbox",
  "--no-first-run",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** WebGL runs on SwiftShader without a GPU. */
export const WEBGL_FLAGS: readonly string[] = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"];

/** WebGPU on Linux, and on SwiftShader where there is no GPU. */
export const WEBGPU_FLAGS: readonly string[] = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
