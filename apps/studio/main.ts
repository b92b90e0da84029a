import "./graft-studio.ts";

document.documentElement.lang = navigator.language.startsWith("de") ? "de" : "en";
// Only Vite's development server has `hot`. Kept files would hide changes there.
if (!import.meta.hot) void navigator.serviceWorker?.register("./service-worker.js");
