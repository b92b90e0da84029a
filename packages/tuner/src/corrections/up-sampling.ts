import { type CallableLayer, type LayerCall, onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { resizeByCentres } from "./resize.ts";

/** The fields of tfjs-layers' UpSampling2D that its `call` reads. */
interface UpSampling extends CallableLayer {
  readonly size: readonly [number, number];
  readonly dataFormat: string;
  readonly interpolation: string;
}

/** Returns a `call` for a bilinear UpSampling2D, or undefined for others. Stock places the centres of pixels at whole units. */
export function correctUpSampling(callable: CallableLayer): LayerCall | undefined {
  const layer = callable as UpSampling;
  if (layer.interpolation !== "bilinear") return undefined;
  const first = layer.dataFormat === "channelsFirst";
  return (inputs) =>
    tf.tidy(() => {
      const given = onlyTensor(inputs);
      const x = (first ? tf.transpose(given, [0, 2, 3, 1]) : given) as tf.Tensor4D;
      const made = resizeByCentres(x, [x.shape[1] * layer.size[0], x.shape[2] * layer.size[1]], "bilinear");
      return first ? tf.transpose(made, [0, 3, 1, 2]) : made;
    });
}
