import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { build } from "vite";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/** Builds the app for production into a folder. */
export async function buildSite(folder: string): Promise<void> {
  const root = join(import.meta.dirname, "..");
  await build({
    root,
    logLevel: "error",
    configFile: join(root, "vite.config.ts"),
    build: { outDir: folder, emptyOutDir: true },
  });
}

/** A folder that is served on this machine. */
export interface Site {
  /** Address of the folder. It ends in "/". */
  readonly url: string;
  close(): void;
}

/**
 * Serves a folder below `/some/path/`, because the app has to work at any path.
 *
 * @param extra other files, by path in the folder
 */
export async function serveFolder(folder: string, extra: Readonly<Record<string, string>> = {}): Promise<Site> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "", "http://localhost").pathname).replace(
      /\/$/,
      "/index.html",
    );
    const file = normalize(path.replace(/^\/some\/path\//, ""));
    try {
      if (!path.startsWith("/some/path/") || file.startsWith("..")) throw new Error("outside");
      const body = extra[file] ?? readFileSync(join(folder, file));
      response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
      response.end(body);
    } catch {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/some/path/`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
