import { createRunControl, indexedDbStore } from "@graftjs/tuner";
import { cleanName, type Effort, LIMITS, newProject, type Picture, type Project } from "../project/project.ts";
import { MAX_FILE, readProjectFile, writeProjectFile } from "../project/project-file.ts";
import { type Answer, type Argument, type CommandName, StudioError } from "../protocol.ts";
import { addFrame, addPictures, computeFeatures, warmUp } from "./add-pictures.ts";
import { answer } from "./answers.ts";
import { loadBase } from "./base.ts";
import { baseOf } from "./base-source.ts";
import { exportModel } from "./model-file.ts";
import { pixelsOf } from "./picture.ts";
import type { Run, Session } from "./session.ts";
import { train } from "./train.ts";

type Handlers = {
  readonly [K in Exclude<CommandName, "open">]: (argument: Argument<K>) => Promise<Answer<K>> | Answer<K>;
};

/** Makes the commands of an open project. */
export function commandsOf(session: Session): Handlers {
  const { database, pictures } = session;
  let computing: Promise<void> | undefined;
  let warm: Promise<void> | undefined;
  let changingBase = false;
  /** Computes missing features in the background. */
  const compute = (): void => {
    warm ??= warmUp(session);
    computing ??= warm
      .then(() => computeFeatures(session, () => !changingBase))
      .finally(() => {
        computing = undefined;
      });
    computing.catch((error) => console.error(error));
  };
  compute();
  const setProject = async (project: Project): Promise<void> => {
    await database.write({ project });
    session.project = project;
    session.means = undefined;
    session.changed();
  };
  const classes = (): Project["classes"] => session.project.classes;
  const remove = async (gone: (picture: Picture) => boolean): Promise<void> => {
    const ids = [...pictures.values()].filter(gone).map(({ id }) => id);
    await database.removePictures(ids);
    for (const id of ids) for (const map of [pictures, session.features]) map.delete(id);
    session.means = undefined;
    session.changed();
  };
  let current: Promise<void> | undefined;
  /** Ends a training without a result. */
  const abandon = async (): Promise<void> => {
    session.control?.stop();
    session.control = undefined;
    await current?.catch(() => {}); // `train` has reported the error.
  };
  const forget = async (): Promise<void> => {
    session.model?.dispose();
    Object.assign(session, { trained: undefined, previous: undefined, run: undefined, training: undefined });
    Object.assign(session, { model: undefined, means: undefined });
    await clearRuns(session);
  };
  return {
    renameProject: (name) => setProject({ ...session.project, name: cleanName(name) }),
    async addClass(name) {
      if (classes().length >= LIMITS.classes) return;
      await setProject({
        ...session.project,
        classes: [...classes(), { id: crypto.randomUUID(), name: cleanName(name) }],
      });
    },
    renameClass: ({ id, name }) =>
      setProject({
        ...session.project,
        classes: classes().map((one) => (one.id === id ? { id, name: cleanName(name) } : one)),
      }),
    async removeClass(id) {
      await remove(({ classId }) => classId === id);
      await setProject({ ...session.project, classes: classes().filter((one) => one.id !== id) });
    },
    async addPictures({ classId, files }) {
      const added = await addPictures(session, classId, files);
      compute();
      return added;
    },
    async addFrame({ classId, frame }) {
      await addFrame(session, classId, frame);
      compute();
    },
    removePicture: (id) => remove((picture) => picture.id === id),
    picture: (id) => pictures.get(id)?.jpeg,
    train(effort) {
      current ??= run(session, effort).finally(() => {
        current = undefined;
      });
      return current;
    },
    pause() {
      session.control?.pause();
      setStatus(session, "paused");
    },
    resume() {
      session.control?.resume();
      setStatus(session, "running");
    },
    stop: () => session.control?.stop(),
    async undo() {
      const { previous: trained, trained: previous } = session;
      await database.write({ trained, previous });
      session.model?.dispose();
      Object.assign(session, { trained, previous, model: undefined });
      session.changed();
    },
    classify: (frame) => answer(session, pixelsOf(frame, session.base)),
    exportProject: async () => {
      const bytes = await writeProjectFile({ project: session.project, pictures: [...pictures.values()] });
      return new Blob([bytes as BlobPart], { type: "application/octet-stream" });
    },
    async importProject(file) {
      const read = await readFile(file);
      await abandon();
      await database.replace({ project: read.project, base: await database.read("base") }, read.pictures);
      await forget();
      pictures.clear();
      session.features.clear();
      for (const picture of read.pictures) pictures.set(picture.id, picture);
      session.project = read.project;
      session.changed();
      compute();
    },
    exportModel: (kind) => exportModel(session, kind),
    async useBase(files) {
      const base = files ? await loadBase(baseOf(files)).catch(ownBaseError) : await session.firstBase();
      changingBase = true;
      try {
        await abandon();
        // Features that are computed meanwhile would be those of the base before.
        await computing?.catch(() => {});
        await database.write({ base: files, ...NOTHING_TRAINED });
        await forget();
        session.base.dispose();
        session.features.clear();
        Object.assign(session, { base, ownBase: files !== undefined, secondsPerPicture: undefined, measured: {} });
        warm = undefined;
      } finally {
        changingBase = false;
        session.changed();
        compute();
      }
    },
    async clear() {
      await abandon();
      const project = newProject();
      await database.replace({ project, base: await database.read("base") }, []);
      await forget();
      pictures.clear();
      session.features.clear();
      session.project = project;
      session.changed();
    },
  };
}

/** Values of the database without any trained model. */
const NOTHING_TRAINED = { trained: undefined, previous: undefined, run: undefined, measured: undefined };

/** A base of one's own is refused with the same code, whatever the reason. */
function ownBaseError(cause: unknown): never {
  throw new StudioError("own-base", cause instanceof Error ? cause.message : String(cause), { cause });
}

async function readFile(file: Blob): Promise<ReturnType<typeof readProjectFile>> {
  try {
    if (file.size > MAX_FILE) throw new Error(`A project file has at most ${MAX_FILE} bytes.`);
    return readProjectFile(new Uint8Array(await file.arrayBuffer()));
  } catch (cause) {
    throw new StudioError("not-a-project", (cause as Error).message, { cause });
  }
}

/** Starts a training, or continues the interrupted one if nothing has changed since. */
async function run(session: Session, effort: Effort): Promise<void> {
  if (session.training && session.training.status !== "interrupted") return;
  const { run: before, pictures, project, database } = session;
  const whole = before?.effort === effort && before.ids.every((id) => pictures.has(id)) ? before : undefined;
  const filled = project.classes.filter(({ id }) => [...pictures.values()].some(({ classId }) => classId === id));
  const taken = new Set(filled.map(({ id }) => id));
  const ids = [...pictures.values()].filter(({ classId }) => taken.has(classId)).map(({ id }) => id);
  const run: Run = whole ?? { effort, classes: filled, ids };
  const control = createRunControl();
  session.control = control;
  if (!whole) {
    await clearRuns(session);
    await database.write({ run });
    session.run = run;
  }
  try {
    await train(session, run, control);
  } finally {
    if (session.control === control) session.control = undefined;
    session.training = undefined;
    session.changed();
  }
}

/** Removes the checkpoints of an earlier training. */
async function clearRuns({ runs }: Session): Promise<void> {
  const store = indexedDbStore(runs);
  for (const name of await store.list()) await store.remove(name);
}

function setStatus(session: Session, status: "paused" | "running"): void {
  if (!session.training || !session.control) return;
  session.training = { ...session.training, status };
  session.changed();
}
