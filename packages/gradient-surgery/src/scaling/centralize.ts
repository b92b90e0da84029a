import { mapTensors, type OptimizerHook, type ParamInfo, stateless } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { withinUnit } from "../numeric/unit-norm.ts";

/**
 * Gradient centralization (Yong et al. 2020, equation 1): takes from each output unit's gradient its mean, g ← g − mean(g)
 * over all axes but the unit's own. In tfjs layouts: a dense kernel is [in, out] and a convolution's [h, w, in, out], so
 * the mean is over all but the last axis (all but the last two where depthwise); code ported from PyTorch takes the wrong
 * one. Vectors pass as they are. No state, no options.
 */
export function centralize(): OptimizerHook<null> {
  return stateless("centralize", (grads, { infos }) => {
    const byName = new Map(infos.map((info) => [info.name, info]));
    return mapTensors(grads, (g, name) => {
      const info = byName.get(name) as ParamInfo;
      const axes = withinUnit(info);
      return g.rank < 2 || axes.length === 0 ? g : tf.sub(g, tf.mean(g, axes, true));
    });
  });
}
