import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { LoadError } from "../src/index.ts";
import { type Dialect, dialectOf } from "../src/models/keras/dialect.ts";
import { registerKerasLayers } from "../src/models/keras/layers/register.ts";
import { translate } from "../src/models/keras/translate.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
  registerKerasLayers();
});

/** Translates a Sequential of one layer and returns the layer. */
function translated(class_name: string, config: object, dialect: Dialect): { class_name: string; config: object } {
  const layers = [{ class_name, config: { name: "one", trainable: true, ...config } }];
  const made = translate({ class_name: "Sequential", config: { name: "net", layers } }, dialect);
  return (made as { config: { layers: [{ class_name: string; config: object }] } }).config.layers[0];
}

describe("options of Keras layers", () => {
  it.each<[string, object, RegExp]>([
    ["Dense", { units: 2, unitz: 3 }, /`one` \(Dense\) has `unitz`: 3, which cannot be honoured.*`units`/s],
    ["Dense", { units: 2, activity_regularizer: "l2" }, /`activity_regularizer`: "l2".*null/s],
    ["Dense", { units: 2, lora_rank: 4 }, /`lora_rank`: 4/],
    ["Dense", { units: 2, activation: "sin" }, /`activation` of layer `one` \(Dense\) is the activation "sin"/],
    ["Dense", { units: 2, dtype: "float16" }, /`dtype` of layer `one` \(Dense\) is "float16"/],
    ["LSTM", { units: 2, zero_output_for_mask: true }, /`zero_output_for_mask`: true/],
    ["BatchNormalization", { renorm: true }, /`renorm`: true/],
    ["Conv3D", { filters: 2, groups: 2 }, /`groups`: 2/],
    ["MaxPooling1D", { data_format: "channels_first" }, /`data_format`: "channels_first"/],
    ["Dense", { units: 2, kernel_constraint: { class_name: "MaxNorm", config: { rate: 1 } } }, /has the option `rate`/],
  ])("refuses %s with %o", (type, config, message) => {
    for (const dialect of ["keras2", "keras3"] as const) {
      expect(() => translated(type, config, dialect)).toThrow(message);
      expect(() => translated(type, config, dialect)).toThrow(LoadError);
    }
  });

  it("knows that hard_sigmoid has another slope in Keras 3 than in Keras 2 and tfjs-layers", () => {
    const config = { units: 2, recurrent_activation: "hard_sigmoid" };
    expect(translated("LSTM", config, "keras3").config).toMatchObject({ recurrent_activation: "keras_hard_sigmoid" });
    expect(translated("LSTM", config, "keras2").config).toMatchObject({ recurrent_activation: "hard_sigmoid" });
    expect(translated("LSTM", config, "tfjs").config).toMatchObject({ recurrent_activation: "hard_sigmoid" });
  });

  it("keeps a model of tfjs-layers as it was trained", () => {
    const config = { size: [2, 2], interpolation: "bilinear", data_format: "channels_last" };
    expect(translated("UpSampling2D", config, "tfjs")).toMatchObject({ class_name: "UpSampling2D", config });
    expect(translated("UpSampling2D", config, "keras2").class_name).toBe("KerasResize");
  });

  it("reads numbers that Keras 2 wrote as arrays of NumPy", () => {
    const alpha = { type: "ndarray", dtype: "float32", shape: [], value: 0.2 };
    expect(translated("LeakyReLU", { alpha }, "keras2").config).toMatchObject({ alpha: 0.2 });
  });

  it("tells by the version or the words which program wrote a configuration", () => {
    expect(dialectOf({ keras_version: "tfjs-layers 4.22.0" })).toBe("tfjs");
    expect(dialectOf({ keras_version: "2.15.0" })).toBe("keras2");
    expect(dialectOf({ keras_version: "3.15.1" })).toBe("keras3");
    expect(dialectOf({}, "3.0.0")).toBe("keras3");
    expect(dialectOf({ config: { layers: [{ config: { batch_shape: [null, 2] } }] } })).toBe("keras3");
    expect(dialectOf({ config: { layers: [{ config: { batch_input_shape: [null, 2] } }] } })).toBe("keras2");
  });
});
