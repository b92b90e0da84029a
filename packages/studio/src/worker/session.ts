import type { RunControl } from "@graftjs/tuner";
import type * as layers from "@tensorflow/tfjs-layers";
import type { Effort, Picture, Project, Result } from "../project/project.ts";
import type { Training } from "../protocol.ts";
import type { Base } from "./base.ts";
import type { Database } from "./database.ts";
import type { ClassMeans } from "./nearest-mean.ts";

/** A finished training with the weights that it changed. */
export interface Trained {
  readonly result: Result;
  /** Delta to the fresh model, as `saveDelta` writes it. */
  readonly delta: Uint8Array;
}

/** A training that has begun. It is stored, so that it can continue after the page was closed. */
export interface Run {
  readonly effort: Effort;
  readonly classes: Project["classes"];
  /** Pictures that take part, in order. */
  readonly ids: readonly string[];
}

/** Everything that the Worker knows about the open project. */
export interface Session {
  readonly database: Database;
  base: Base;
  /** Whether `base` is a model that the person has brought. */
  ownBase: boolean;
  /** Loads the base that the page names. */
  readonly firstBase: () => Promise<Base>;
  readonly backend: string;
  /** Place of the checkpoints. */
  readonly runs: string;
  project: Project;
  readonly pictures: Map<string, Picture>;
  readonly features: Map<string, Float32Array>;
  trained: Trained | undefined;
  previous: Trained | undefined;
  /** Model of `trained`. It is built when it is needed. */
  model: layers.LayersModel | undefined;
  /** Undefined if they have to be computed again. */
  means: { readonly of: ClassMeans | undefined } | undefined;
  run: Run | undefined;
  training: Training | undefined;
  control: RunControl | undefined;
  /** Mean seconds per picture to compute its features. Undefined until some were measured. */
  secondsPerPicture: number | undefined;
  /** Measured seconds of a training for each picture, in units of `secondsPerPicture`. */
  measured: Partial<Record<Effort, number>>;
  /** Tells the page that something has changed. */
  changed(): void;
}

/** Returns the pictures of each class, in order of arrival. */
export function picturesByClass({ project, pictures }: Session): ReadonlyMap<string, readonly Picture[]> {
  const groups = new Map<string, Picture[]>(project.classes.map(({ id }) => [id, []]));
  for (const picture of pictures.values()) groups.get(picture.classId)?.push(picture);
  return groups;
}
