import type { Entry, Options } from "./config.ts";
import { type LayerRule, NO_ACTIVITY, weightOptions } from "./rule.ts";

const WEIGHTS = weightOptions("kernel", "recurrent", "bias");
const CELL = ["units", "use_bias", "dropout", "recurrent_dropout", "implementation", ...WEIGHTS];
const SERIES = ["return_sequences", "return_state", "go_backwards", "stateful", "unroll"];
const CONV = ["filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate"];
const COMMON = {
  activations: ["activation", "recurrent_activation"],
  drops: ["seed"],
  only: { ...NO_ACTIVITY, time_major: [false, null], zero_output_for_mask: [false, null] },
} as const;

/** Recurrent layers, their cells, and wrappers. */
export const RECURRENT: Readonly<Record<string, LayerRule>> = {
  SimpleRNN: { ...COMMON, keeps: [...CELL, ...SERIES] },
  SimpleRNNCell: { ...COMMON, keeps: CELL },
  LSTM: { ...COMMON, keeps: [...CELL, ...SERIES, "unit_forget_bias"] },
  LSTMCell: { ...COMMON, keeps: [...CELL, "unit_forget_bias"] },
  GRU: { ...COMMON, keeps: [...CELL, ...SERIES, "reset_after"], replace: (config) => resetAfter("KerasGRU", config) },
  GRUCell: { ...COMMON, keeps: [...CELL, "reset_after"], replace: (config) => resetAfter("KerasGRUCell", config) },
  ConvLSTM2D: { ...COMMON, keeps: [...CELL, ...SERIES, ...CONV, "unit_forget_bias"] },
  ConvLSTM2DCell: { ...COMMON, keeps: [...CELL, ...CONV, "unit_forget_bias"] },
  RNN: { ...COMMON, keeps: SERIES, layers: ["cell"] },
  StackedRNNCells: { keeps: [], layers: ["cells"] },
  TimeDistributed: { keeps: [], layers: ["layer"] },
  Bidirectional: {
    keeps: ["merge_mode", "num_constants"],
    layers: ["layer"],
    drops: ["backward_layer"],
    // Keras makes the outputs behind a mask 0 if it returns the whole series.
    replace: (config) =>
      (config.layer as Entry).config.return_sequences === true
        ? { class_name: "KerasBidirectional", config }
        : undefined,
  },
};

function resetAfter(class_name: string, config: Options): ReturnType<NonNullable<LayerRule["replace"]>> {
  return config.reset_after === true ? { class_name, config } : undefined;
}
