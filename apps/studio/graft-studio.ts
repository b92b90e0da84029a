import { defineStudio } from "@graftjs/studio";

/** Defines `<graft-studio>`. The built file can be embedded by a plain HTML page: the Worker and the base lie beside it. */
defineStudio({
  createWorker: () => new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "graft-studio" }),
  base: new URL(/* @vite-ignore */ "./base/model.json", import.meta.url).href,
  after: "out_relu",
});
