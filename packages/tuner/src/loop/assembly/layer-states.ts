import type { LayersLike } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { everyLayer } from "../../corrections/every-layer.ts";

/** The fields of a recurrent layer of tfjs-layers in which `stateful: true` keeps the state from batch to batch. */
interface StatefulLayer {
  readonly stateful: boolean;
  states_: tf.Tensor[] | null;
  /** States of earlier training batches. tfjs frees them only in `resetStates`. */
  keptStates: (tf.Tensor | tf.Tensor[])[];
}

/** The states of stateful recurrent layers: they are written by the forward pass and are not weights. */
export interface LayerStates {
  /** Stable paths of the stateful layers. */
  readonly paths: readonly string[];
  /** Copies the states to the host, by name. */
  read(): Promise<Map<string, Float32Array>>;
  /** Writes states that `read` returned. Leaves out states without a value. */
  write(values: ReadonlyMap<string, Float32Array>): void;
  /** Keeps the present states without copying them. */
  hold(): HeldStates;
  /** Frees the states of earlier batches. Call it when no gradient of those batches will be computed. */
  freeEarlier(): void;
}

/** States at some moment. */
export interface HeldStates {
  putBack(): void;
  dispose(): void;
}

/** Finds the stateful layers of a model, also within Bidirectional. Models that are not made of layers have none. */
export function layerStates(model: LayersLike): LayerStates {
  const stateful = everyLayer(model).filter(
    (entry): entry is { readonly path: string; readonly layer: StatefulLayer } => isStateful(entry.layer),
  );
  const named = (): { name: string; layer: StatefulLayer; index: number; tensor: tf.Tensor }[] =>
    stateful.flatMap(({ path, layer }) =>
      (layer.states_ ?? []).map((tensor, index) => ({ name: `${path}/${index}`, layer, index, tensor })),
    );
  const replace = (layer: StatefulLayer, index: number, value: tf.Tensor): void => {
    const states = layer.states_ as tf.Tensor[];
    states[index]?.dispose();
    states[index] = tf.keep(value);
  };
  const freeEarlier = (): void => {
    for (const { layer } of stateful) {
      tf.dispose(layer.keptStates);
      layer.keptStates = [];
    }
  };
  return {
    paths: stateful.map(({ path }) => path),
    async read() {
      const entries = named().map(
        async ({ name, tensor }) => [name, ((await tensor.data()) as Float32Array).slice()] as const,
      );
      return new Map(await Promise.all(entries));
    },
    write(values) {
      freeEarlier();
      for (const { name, layer, index, tensor } of named()) {
        const value = values.get(name);
        if (value) replace(layer, index, tf.tensor(value, tensor.shape));
      }
    },
    hold() {
      const before = named().map((state) => ({ ...state, kept: tf.keep(tf.clone(state.tensor)) }));
      return {
        putBack() {
          for (const { layer, index, kept } of before) replace(layer, index, tf.clone(kept));
        },
        dispose: () => tf.dispose(before.map(({ kept }) => kept)),
      };
    },
    freeEarlier,
  };
}

function isStateful(layer: unknown): layer is StatefulLayer {
  return (
    typeof layer === "object" && layer !== null && (layer as StatefulLayer).stateful === true && "states_" in layer
  );
}
