import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import type { Device } from "./install/target.ts";
import type { NativeEnvironment } from "./load/environment.ts";

/** Options of `nativeBackend`. */
export interface NativeBackendOptions extends NativeEnvironment {
  /**
   * `gpu` needs the CUDA build (`install-native --gpu`). Without a graphics card it runs on the CPU and prints one line about that.
   * If TensorFlow is loaded for the other device already, `init()` throws. @default "cpu", or the device that is loaded
   */
  readonly device?: Device;
  /** Folder of the install, as for `installNative`. @default GRAFT_CACHE, else `graft/native` in the user's cache folder */
  readonly cacheDir?: string;
  /** Project in which to look for `@tensorflow/tfjs-node`. @default process.cwd() */
  readonly projectDir?: string;
  /** Replace slow kernels and gradients by fused ones. @default true */
  readonly fused?: boolean;
}

/** Schema of `nativeBackend`'s options, for recipes and for the check at construction. */
export const nativeOptions: OptionsSchema<NativeBackendOptions, "device" | "allowGrowth" | "fused"> = optionsSchema<
  NativeBackendOptions,
  "device" | "allowGrowth" | "fused"
>({
  device: {
    enum: ["cpu", "gpu"],
    default: "cpu",
    description:
      "`gpu` needs `install --gpu`. Without a GPU it runs on the CPU and says so in one line. If TensorFlow is already loaded for the other device, a `TooLateError` is thrown",
  },
  threads: {
    type: "integer",
    minimum: 1,
    description:
      "Threads inside one operation. Default: all cores. TensorFlow reads it when it is loaded; later it is a `TooLateError`. A Worker cannot set it: call `setNativeEnvironment` on the main thread",
  },
  interOpThreads: {
    type: "integer",
    minimum: 1,
    description: "Operations that run in parallel. Default: all cores. Same restrictions as `threads`",
  },
  oneDnn: {
    type: "boolean",
    description:
      "oneDNN kernels. Default: on for x64. They are faster for large convolutions, and without them dilated depthwise convolution is wrong. `TF_ENABLE_ONEDNN_OPTS` overrides the default",
  },
  allowGrowth: { type: "boolean", default: true, description: "Allocate graphics memory only when it is needed" },
  logLevel: {
    enum: [0, 1, 2, 3],
    description: "Lowest level of messages that TensorFlow's C++ code prints. Default: 2, and 3 on `gpu`",
  },
  cacheDir: { type: "string", description: "Folder of the install. Default: `GRAFT_CACHE`, else the user's cache" },
  projectDir: {
    type: "string",
    description: "Project in which tfjs-node is searched for. Default: the current folder",
  },
  fused: {
    type: "boolean",
    default: true,
    description: "Use our kernels and TensorFlow's fused ones instead of the composed ones of tfjs",
  },
});
