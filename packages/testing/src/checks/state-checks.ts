import { type HookedOptimizer, loadState, type Param, type StateTree, saveState, visitTensors } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { check, checkBits, read, readTree, type Values } from "../harness/assertions.ts";
import { type ConformanceCheck, onCpu } from "../harness/conformance-check.ts";
import { disposeParams, sampleParams } from "../harness/samples.ts";
import { type Subject, takeSteps } from "../harness/subject.ts";

/** Checks that the state survives a checkpoint, and survives freezing and unfreezing. */
export function stateChecks(subject: Subject): readonly ConformanceCheck[] {
  return [
    onCpu("continues bit for bit from a checkpoint", async () => {
      const params = sampleParams();
      const optimizer = subject.optimizer(params);
      takeSteps(optimizer, 3);
      // A checkpoint file holds JSON, so the copy here goes through JSON too.
      const { data, ...head } = await saveState(optimizer);
      const saved = { ...(JSON.parse(JSON.stringify(head)) as typeof head), data };
      const copies = params.map((param) => ({
        ...param,
        variable: tf.tidy(() => tf.variable(tf.clone(param.variable))),
      }));
      const resumed = subject.optimizer(copies);
      loadState(resumed, saved);
      takeSteps(optimizer, 2, 3);
      takeSteps(resumed, 2, 3);
      checkBits(weights(copies), weights(params), "After saving, loading and 2 steps, the weights");
      checkBits(
        readTree(stateOf(resumed)),
        readTree(stateOf(optimizer)),
        "After saving, loading and 2 steps, the state",
      );
      for (const used of [optimizer, resumed]) used.dispose();
      disposeParams([...params, ...copies]);
    }),
    onCpu("keeps the state of a parameter while it is frozen, and afterwards", () => {
      const params = sampleParams();
      const optimizer = subject.optimizer(params);
      takeSteps(optimizer, 3);
      const positions = byPosition(stateOf(optimizer));
      check(positions.length === 0, `The state has ${positions.join(", ")} by position. Use parameter names as keys.`);
      const layer = "conv";
      const before = slots(optimizer, layer);
      optimizer.freeze("conv/**");
      takeSteps(optimizer, 2, 3);
      checkBits(slots(optimizer, layer), before, "Two steps after freezing, the state of the frozen parameters");
      optimizer.unfreeze("conv/**");
      takeSteps(optimizer, 1, 5);
      const names = Object.keys(slots(optimizer, layer)).sort().join();
      check(names === Object.keys(before).sort().join(), `After unfreezing, the state of ${layer} has ${names}.`);
      optimizer.dispose();
      disposeParams(params);
    }),
  ];
}

function weights(params: readonly Param[]): Values {
  return read(Object.fromEntries(params.map(({ name, variable }) => [name, variable])));
}

function stateOf(optimizer: HookedOptimizer): StateTree {
  return (optimizer.state ?? null) as StateTree;
}

/** Reads the part of the state that belongs to one layer. */
function slots(optimizer: HookedOptimizer, layer: string): Values {
  return Object.fromEntries(
    Object.entries(readTree(stateOf(optimizer))).filter(([path]) => path.includes(`/${layer}/`)),
  );
}

/** Finds tensors that the state keeps by index. Such an entry would get another parameter's values after a freeze. */
function byPosition(state: StateTree): string[] {
  const found: string[] = [];
  visitTensors(state, (tensor, path) => {
    if (tensor.rank > 0 && /(^|\/)\d+$/.test(path)) found.push(path);
  });
  return found;
}
