import type { BackendAdapter } from "@graftjs/core";
import { EFFORTS, newProject, type Project } from "../project/project.ts";
import { type Argument, StudioError } from "../protocol.ts";
import { chooseBackend } from "./choose-backend.ts";
import { loadBase } from "./base.ts";
import { baseAt, baseOf } from "./base-source.ts";
import { openDatabase } from "./database.ts";
import type { Run, Session, Trained } from "./session.ts";

/**
 * Opens the first usable backend, the base, and the stored project.
 *
 * @throws StudioError if one of them cannot be opened, or if another tab has the project open
 */
export async function openSession(
  { project: name, base: url, after, backend: wanted }: Argument<"open">,
  adapters: readonly BackendAdapter[],
  changed: () => void,
): Promise<Session> {
  await claim(name);
  const database = await openDatabase(name);
  const { name: backend } = await chooseBackend(adapters, wanted);
  const own = await database.read<readonly File[]>("base");
  const firstBase = () => loadBase(baseAt(url), after);
  const [base, stored, trained, previous, run, measured, pictures, features] = await Promise.all([
    own ? loadBase(baseOf(own)) : firstBase(),
    database.read<Project>("project"),
    database.read<Trained>("trained"),
    database.read<Trained>("previous"),
    database.read<Run>("run"),
    database.read<Session["measured"]>("measured"),
    database.pictures(),
    database.features(),
  ]);
  const known = [...features].filter(([, { base: digest }]) => digest === base.digest);
  const project = stored ?? newProject();
  if (!stored) await database.write({ project });

  return {
    ...{ project, database, base, backend, trained, previous, run, changed },
    ...{ firstBase, ownBase: own !== undefined },
    runs: `studio-run:${name}`,
    pictures: new Map(pictures.map((picture) => [picture.id, picture])),
    features: new Map(known.map(([id, { values }]) => [id, values])),
    model: undefined,
    means: undefined,
    training: run && interrupted(run),
    control: undefined,
    secondsPerPicture: undefined,
    measured: Object.fromEntries(EFFORTS.flatMap((effort) => (measured?.[effort] ? [[effort, measured[effort]]] : []))),
  };
}

function interrupted({ effort }: Run): Session["training"] {
  return { effort, stage: "head", status: "interrupted", step: 0, steps: 0, curve: [], secondsLeft: undefined };
}

/** Milliseconds that a Worker may take to end after its page was loaded again. */
const PATIENCE = 10_000;

/** Holds the project for this tab. Two tabs would overwrite each other's work. */
function claim(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const held = navigator.locks.request(`graft-studio:${name}`, { signal: AbortSignal.timeout(PATIENCE) }, () => {
      resolve();
      return new Promise(() => {});
    });
    held.catch((cause: unknown) =>
      reject(new StudioError("in-use", `The project ${name} is open in another tab.`, { cause })),
    );
  });
}
