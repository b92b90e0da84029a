import type { ModelPatch } from "@graftjs/core";
import * as layers from "@tensorflow/tfjs-layers";
import type { Random } from "../src/random/random.ts";

const { dense, batchNormalization, dropout, add, concatenate, activation, layerNormalization } = layers.layers;
type Symbolic = layers.SymbolicTensor;

/**
 * Makes a random graph over vectors: two inputs, layers that join, a layer used twice, a nested model, batch norm (some of it
 * frozen), and optional dropout. Initial weights depend only on the generator.
 */
export function randomNet(random: Random, { randomLayers }: { randomLayers: boolean }): layers.LayersModel {
  const width = 4;
  let made = 0;
  const name = (kind: string): string => `${kind}_${made++}`;
  const init = (): ReturnType<typeof layers.initializers.glorotNormal> =>
    layers.initializers.glorotNormal({ seed: 1 + Math.floor(random() * 1e6) });
  const fullyConnected = () =>
    dense({ units: width, activation: "tanh", name: name("dense"), kernelInitializer: init() });
  const inputs = [
    layers.input({ shape: [width], name: name("in") }),
    layers.input({ shape: [width], name: name("in") }),
  ];
  const values: Symbolic[] = [...inputs];
  const any = (): Symbolic => values[Math.floor(random() * values.length)] as Symbolic;
  const shared = fullyConnected();
  const on = (layer: layers.layers.Layer, x: Symbolic | Symbolic[]): Symbolic => layer.apply(x) as Symbolic;
  const makers: (() => Symbolic)[] = [
    () => on(fullyConnected(), any()),
    () => on(shared, any()),
    () => on(batchNormalization({ name: name("bn") }), any()),
    () => on(add({ name: name("add") }), [any(), any()]),
    () => on(fullyConnected(), on(concatenate({ name: name("join") }), [any(), any()])),
    () => on(activation({ activation: "relu", name: name("relu") }), any()),
    () => on(layerNormalization({ name: name("ln") }), any()),
    () => on(inner(fullyConnected, name), any()),
    ...(randomLayers ? [() => on(dropout({ rate: 0.3, name: name("drop") }), any())] : []),
  ];
  const count = 5 + Math.floor(random() * 6);
  for (let i = 0; i < count; i++) values.push((makers[Math.floor(random() * makers.length)] as () => Symbolic)());
  const last = on(add({ name: name("add") }), [values.at(-1) as Symbolic, ...inputs]);
  const head = on(dense({ units: 3, activation: "softmax", name: "head", kernelInitializer: init() }), last);
  return layers.model({ inputs, outputs: head });
}

function inner(make: () => layers.layers.Layer, name: (kind: string) => string): layers.LayersModel {
  const input = layers.input({ shape: [4], name: name("inner_in") });
  const first = make().apply(input) as Symbolic;
  const bn = batchNormalization({ name: name("inner_bn") }).apply(first) as Symbolic;
  return layers.model({ inputs: input, outputs: make().apply(bn) as Symbolic, name: name("inner") });
}

/** Freezes the batch norms for which `holds` is true. Calls them in inference mode, as the real patch does. */
export function holding(holds: (path: string) => boolean): ModelPatch {
  return {
    name: "holding",
    apply(model) {
      const held: string[] = [];
      const undo: (() => void)[] = [];
      const walk = (list: readonly layers.layers.Layer[], prefix: string): void => {
        for (const layer of list) {
          const path = prefix + layer.name;
          if (layer instanceof layers.LayersModel) walk(layer.layers, `${path}/`);
          else if (layer.getClassName() === "BatchNormalization" && holds(path)) {
            const former = layer.call.bind(layer);
            layer.call = (inputs, kwargs) => former(inputs, { ...kwargs, training: false });
            undo.push(() => Reflect.deleteProperty(layer, "call"));
            held.push(path);
          }
        }
      };
      walk(model.layers as unknown as layers.layers.Layer[], "");
      return { held, restore: () => undo.splice(0).forEach((step) => void step()) };
    },
  };
}
