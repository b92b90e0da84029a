import { createHash } from "node:crypto";
import type { Plugin } from "vite";

/** Emits a service worker that keeps every file of this build for use without a connection. */
export function serviceWorker(): Plugin {
  return {
    name: "service-worker",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const hash = createHash("sha256");
        for (const [name, file] of Object.entries(bundle).sort(([a], [b]) => (a < b ? -1 : 1)))
          hash.update(name).update(file.type === "chunk" ? file.code : file.source);
        // Files of the public folder are not part of the bundle.
        const files = [
          "./",
          "icon.svg",
          "manifest.webmanifest",
          ...Object.keys(bundle).filter((name) => !/\.map$/.test(name)),
        ];
        const source = script(`graft-studio-${hash.digest("hex").slice(0, 16)}`, files);
        this.emitFile({ type: "asset", fileName: "service-worker.js", source });
      },
    },
  };
}

/** A new build gets a new cache. The old one is removed when the last tab of the old build is closed. */
function script(cache: string, files: readonly string[]): string {
  return `const CACHE = ${JSON.stringify(cache)};
const FILES = ${JSON.stringify(files)};
addEventListener("install", (event) => event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES))));
addEventListener("activate", (event) =>
  event.waitUntil(
    caches.keys().then((names) =>
      Promise.all(names.filter((name) => name.startsWith("graft-studio-") && name !== CACHE).map((name) => caches.delete(name))),
    ),
  ),
);
addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || !event.request.url.startsWith(registration.scope)) return;
  event.respondWith(
    caches.open(CACHE).then((cache) => cache.match(event.request, { ignoreSearch: true })).then((found) => found ?? fetch(event.request)),
  );
});
`;
}
