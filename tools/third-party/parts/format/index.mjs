import { optionsSchema } from "@graftjs/core";
import { loadLayersModel } from "@graftjs/tuner";

const options = optionsSchema({ encoding: { enum: ["utf-8"], default: "utf-8", description: "Encoding of the text" } });

/** Reads a text file that holds the path of a model. */
const pointer = ({ encoding }) => ({
  name: "pointer",
  matches: ({ name }) => name.endsWith(".pointer"),
  async load(file) {
    const path = new TextDecoder(encoding).decode(await file.bytes()).trim();
    const layers = await loadLayersModel(file.read, path);
    return { tunable: layers, savable: layers, layers, dispose: () => layers.dispose() };
  },
});

export const plugins = [
  { kind: "model-format", name: "pointer", description: "A path in a text file", options, create: pointer },
];
