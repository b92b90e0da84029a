// The page: two buttons and a log for train.ts.
import type { WebGLSession } from "@graftjs/backend-webgl";
import { train } from "./train.ts";

const find = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const [start, lose, log] = [find<HTMLButtonElement>("train"), find<HTMLButtonElement>("lose"), find("log")];
let session: WebGLSession | undefined;

start.addEventListener("click", async () => {
  start.disabled = true;
  lose.disabled = false;
  log.textContent = "";
  try {
    await train({
      log: (line) => log.append(`${line}\n`),
      opened: (next) => {
        session = next;
      },
    });
  } catch (error) {
    log.append(`${error instanceof Error ? error.message : error}\n`);
  }
  start.disabled = false;
  lose.disabled = true;
});

lose.addEventListener("click", () => session?.gl.getExtension("WEBGL_lose_context")?.loseContext());
