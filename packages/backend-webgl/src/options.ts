import { type OptionsSchema, optionsSchema } from "@graftjs/core";

/** Options of `webglBackend`. */
export interface WebGLBackendOptions {
  /**
   * Accept devices that render to 16-bit float textures only (many phones). On these, gradients below 6e-8 are zero and sums lose
   * digits, so that fine-tuning may stall or end in NaN.
   * @default false
   */
  readonly allowFloat16?: boolean;
  /**
   * Limit for the bytes of all textures. Above it, a freed texture is deleted and not kept for reuse. With 0, none is kept.
   * @default 67108864 (64 MiB)
   */
  readonly textureBytes?: number;
}

/** Schema of `webglBackend`'s options, for recipes and for the check at construction. */
export const webglOptions: OptionsSchema<WebGLBackendOptions, "allowFloat16" | "textureBytes"> = optionsSchema<
  WebGLBackendOptions,
  "allowFloat16" | "textureBytes"
>({
  allowFloat16: { type: "boolean", default: false, description: "Accept devices that have only 16-bit float textures" },
  textureBytes: {
    type: "integer",
    minimum: 0,
    default: 2 ** 26,
    description:
      "Limit for all textures, in bytes. Above it a freed texture is deleted instead of kept for reuse. 0 keeps none",
  },
});
