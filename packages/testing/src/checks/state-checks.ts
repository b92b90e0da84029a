import { type HookedOptimizer, loadState, type Param, type StateTree, saveState, visitTensors } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { check, checkBits, read, readTree, type Values } from "../harness/assertions.ts";
import { type Case, onCpu } from "../harness/conformance-check.ts";
import { disposeParams, sampleParams } from "../harness/samples.ts";
import { type Subject, takeSteps } from "../harness/subject.ts";

/** What a checkpoint and a change of the trained set must not move. */
export function stateCases(subject: Subject): readonly Case[] {
  return [
    onCpu("resume", "save → load → step equals step, bit for bit", async () => {
      const params = sampleParams();
      const optimizer = subject.optimizer(params);
      takeSteps(optimizer, 3);
      // Through JSON, as a checkpoint goes.
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
      checkBits(weights(copies), weights(params), "After save → load → 2 steps, the weights");
      checkBits(readTree(stateOf(resumed)), readTree(stateOf(optimizer)), "After save → load → 2 steps, the state");
      for (const one of [optimizer, resumed]) one.dispose();
      disposeParams([...params, ...copies]);
    }),
    onCpu("freezing", "keeps each parameter's slots while it is frozen, and after", () => {
      const params = sampleParams();
      const optimizer = subject.optimizer(params);
      takeSteps(optimizer, 3);
      const positions = byPosition(stateOf(optimizer));
      check(positions.length === 0, `${positions.join(", ")}: state by position. Key it by parameter name.`);
      const first = "conv";
      const before = slots(optimizer, first);
      optimizer.freeze("conv/**");
      takeSteps(optimizer, 2, 3);
      checkBits(slots(optimizer, first), before, "Two steps after freezing, the frozen slots");
      optimizer.unfreeze("conv/**");
      takeSteps(optimizer, 1, 5);
      const names = Object.keys(slots(optimizer, first)).sort().join();
      check(names === Object.keys(before).sort().join(), `After unfreezing, the slots of ${first} are ${names}.`);
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

function slots(optimizer: HookedOptimizer, layer: string): Values {
  return Object.fromEntries(
    Object.entries(readTree(stateOf(optimizer))).filter(([path]) => path.includes(`/${layer}/`)),
  );
}

/** Paths that end in an index and hold more than a scalar: slots that would cross over when a parameter is frozen. */
function byPosition(state: StateTree): string[] {
  const found: string[] = [];
  visitTensors(state, (tensor, path) => {
    if (tensor.rank > 0 && /(^|\/)\d+$/.test(path)) found.push(path);
  });
  return found;
}
