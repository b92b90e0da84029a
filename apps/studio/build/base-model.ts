import { createRequire } from "node:module";
import type { Plugin } from "vite";

/** Side of the pictures that the base takes, in pixels: a multiple of 32. */
const SIDE = Number(process.env.SIDE ?? 160);

/** Serves and emits `base/model.json`: MobileNetV2 from the npm package `nsfwjs` (MIT). Nothing is downloaded. */
export function baseModel(): Plugin {
  return {
    name: "base-model",
    generateBundle() {
      for (const [name, source] of Object.entries(baseFiles()))
        this.emitFile({ type: "asset", fileName: `base/${name}`, source });
    },
    configureServer(server) {
      const files = baseFiles();
      server.middlewares.use((request, response, next) => {
        const name = /\/base\/([\w.]+)$/.exec(request.url ?? "")?.[1];
        const file = name === undefined ? undefined : files[name];
        if (file === undefined) next();
        else response.end(file);
      });
    },
  };
}

/** Makes the files of the base. Its weights stay quantized to bytes, as in the package. */
export function baseFiles(): Readonly<Record<string, string | Uint8Array>> {
  const require = createRequire(import.meta.url);
  const folder = require.resolve("nsfwjs/models/mobilenet_v2").replace(/dist[\\/].*$/, "dist/models/mobilenet_v2/");
  const { modelTopology, weightsManifest } = require(`${folder}model.min.js`) as {
    readonly modelTopology: object;
    readonly weightsManifest: readonly { readonly weights: readonly object[] }[];
  };
  const weights = Buffer.from(require(`${folder}group1-shard1of1.min.js`) as string, "base64");
  // The net has only convolutions and a mean over the feature map, so its weights fit any size.
  const topology = JSON.stringify(modelTopology)
    .replaceAll("[null,224,224,3]", `[null,${SIDE},${SIDE},3]`)
    .replaceAll("[7,7]", `[${SIDE / 32},${SIDE / 32}]`);
  const manifest = [{ paths: ["weights.bin"], weights: weightsManifest.flatMap((group) => group.weights) }];
  const model = { format: "layers-model", modelTopology: JSON.parse(topology) as object, weightsManifest: manifest };
  return { "model.json": JSON.stringify(model), "weights.bin": weights };
}
