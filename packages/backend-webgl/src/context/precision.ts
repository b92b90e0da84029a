import { UnavailableError } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";

/**
 * Returns the number of bits of the floats that the device can render to, as measured by tfjs.
 *
 * @throws UnavailableError if tfjs refuses this browser's WebGL, or if the device has 16 bits and these are not allowed.
 */
export function floatBits(allowFloat16: boolean): 16 | 32 {
  if (!tf.env().getBool("HAS_WEBGL")) {
    throw new UnavailableError(
      "WebGL",
      "tfjs refuses this browser's WebGL, because the browser draws by software and reports a major performance caveat",
      'Use the wasm backend. To use WebGL all the same, call tf.env().set("SOFTWARE_WEBGL_ENABLED", true) first.',
    );
  }
  if (tf.env().getBool("WEBGL_RENDER_FLOAT32_CAPABLE") && !tf.env().getBool("WEBGL_FORCE_F16_TEXTURES")) return 32;
  if (allowFloat16) return 16;
  throw new UnavailableError(
    "WebGL",
    "this device renders to 16-bit floats only, in which gradients vanish and training may end in NaN",
    "Use the wasm backend, or pass `allowFloat16: true` if you accept that.",
  );
}
