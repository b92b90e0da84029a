import { defineConfig } from "vite";
import { baseModel } from "./build/base-model.ts";
import { serviceWorker } from "./build/service-worker.ts";

export default defineConfig({
  // Relative, so that the built folder works at any address.
  base: "./",
  plugins: [baseModel(), serviceWorker()],
  worker: { format: "es" },
  build: {
    target: "es2022",
    // Every script lies beside the folder of the base, whose address is relative to the script.
    assetsDir: "",
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: "index.html", "graft-studio": "graft-studio.ts" },
      // A page that embeds the studio needs a name that stays.
      output: { entryFileNames: ({ name }) => (name === "graft-studio" ? "[name].js" : "[name]-[hash].js") },
      preserveEntrySignatures: "strict",
    },
  },
});
