import { type OptionsSchema, optionsSchema } from "@graftjs/core";

/** Options of `webglBackend`. */
export interface WebGLBackendOptions {
  /**
   * Take devices that render to 16-bit float textures only (many phones). Gradients below 6e-8 are zero there, and sums
   * lose digits: fine-tuning may stall or end in NaN.
   * @default false
   */
  readonly allowFloat16?: boolean;
  /**
   * Bytes of textures, in all, above which a freed one is deleted rather than kept for reuse. 0 keeps none.
   * @default 67108864 (64 MiB)
   */
  readonly textureBytes?: number;
}

export const webglOptions: OptionsSchema<WebGLBackendOptions> = optionsSchema<WebGLBackendOptions>({
  allowFloat16: { type: "boolean", default: false, description: "Accept devices that have only 16-bit float textures" },
  textureBytes: {
    type: "integer",
    minimum: 0,
    default: 2 ** 26,
    description:
      "Limit for all textures, in bytes. Above it a freed texture is deleted instead of kept for reuse. 0 keeps none",
  },
});
