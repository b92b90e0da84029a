import { mapTensors, type OptimizerHook, type ParamInfo, stateless } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { withinUnit } from "../numeric/unit-norm.ts";

/**
 * Subtracts the mean from the gradient of each output unit: gradient centralization (Yong et al. 2020, equation 1).
 * g ← g − mean(g), and the mean is over all axes except those of the unit.
 *
 * In tfjs a dense kernel is [in, out] and a convolution kernel [h, w, in, out]. So the mean is over all axes except the last,
 * or the last two of a depthwise kernel. Code that is ported from PyTorch often uses the wrong axis. Vectors are unchanged.
 * The hook has neither state nor options.
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
