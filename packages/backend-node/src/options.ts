import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import type { NativeBackendOptions } from "./adapter.ts";

/** Schema of `nativeBackend`'s options, for recipes and for the check at construction. */
export const nativeOptions: OptionsSchema<NativeBackendOptions> = optionsSchema<NativeBackendOptions>({
  device: { enum: ["cpu", "gpu"], default: "cpu", description: "gpu wants the CUDA build" },
  threads: { type: "integer", minimum: 1, description: "threads inside one operation" },
  interOpThreads: { type: "integer", minimum: 1, description: "threads that run operations beside each other" },
  oneDnn: { type: "boolean", description: "Intel's oneDNN kernels" },
  allowGrowth: { type: "boolean", default: true, description: "take graphics memory as it is needed" },
  logLevel: { enum: [0, 1, 2, 3], description: "from which level TensorFlow's C++ side logs; 2 unless said, on gpu 3" },
  cacheDir: { type: "string", description: "folder of the install" },
  projectDir: { type: "string", description: "project in which tfjs-node is looked for" },
  fused: { type: "boolean", default: true, description: "TensorFlow's fused kernels in place of composed ones" },
});
