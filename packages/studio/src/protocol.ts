import type { CurvePoint, Effort, Project, Result } from "./project/project.ts";

/** Commands of the page to the Worker. Each returns a promise on the page. */
export interface Commands {
  /** Opens a project, with everything that was stored. `base` is the URL of a `model.json`, `backend` the only one to use. */
  open(argument: {
    readonly project: string;
    readonly base: string;
    readonly after?: string;
    readonly backend?: string;
  }): void;
  renameProject(name: string): void;
  addClass(name: string): void;
  renameClass(argument: { readonly id: string; readonly name: string }): void;
  removeClass(id: string): void;
  /** Adds pictures. Files that are not pictures are named in the result. */
  addPictures(argument: { readonly classId: string; readonly files: readonly Blob[] }): Added;
  /** Adds a picture of the camera. The bitmap is closed. */
  addFrame(argument: { readonly classId: string; readonly frame: ImageBitmap }): void;
  removePicture(id: string): void;
  /** Returns the JPEG of a picture. */
  picture(id: string): Blob | undefined;
  train(effort: Effort): void;
  pause(): void;
  resume(): void;
  stop(): void;
  /** Returns to the model before the last training. */
  undo(): void;
  /** Returns the shares of all classes for a picture. The bitmap is closed. */
  classify(frame: ImageBitmap): readonly Share[];
  /**
   * Starts from a model of one's own: `model.json` and its weights. Without files, it starts from the first base. It forgets the trained
   * model.
   */
  useBase(files: readonly File[] | undefined): void;
  exportProject(): Blob;
  importProject(file: Blob): void;
  /** Returns the model as a file: the changes only, or an archive with the whole model. */
  exportModel(kind: "delta" | "model"): Blob;
  clear(): void;
}

export interface Added {
  readonly added: number;
  /** Names of files that could not be read as pictures. */
  readonly refused: readonly string[];
}

/** Answer of the model for one class. */
export interface Share {
  readonly classId: string;
  /** From 0 to 1. */
  readonly share: number;
}

/** A training in progress. */
export interface Training {
  readonly effort: Effort;
  /** `interrupted`: the page was closed meanwhile. `train` with the same effort continues. */
  /** Layers that are trained now. Every training begins with the head. */
  readonly stage: "head" | "deep";
  readonly status: "preparing" | "running" | "paused" | "interrupted";
  readonly step: number;
  readonly steps: number;
  readonly curve: readonly CurvePoint[];
  /** Estimate. Undefined until enough steps are measured. */
  readonly secondsLeft: number | undefined;
}

/** Everything that the page shows. */
export interface StudioState {
  /** Name of the backend. Undefined until it is open. */
  readonly backend: string | undefined;
  readonly project: Project;
  /** Whether the base is a model that the person has brought. */
  readonly ownBase: boolean;
  /** Ids of the pictures of each class, in order of arrival. */
  readonly pictures: Readonly<Record<string, readonly string[]>>;
  /** Number of pictures whose features are not computed yet. */
  readonly pending: number;
  readonly training: Training | undefined;
  readonly result: Result | undefined;
  /** Whether the result can be undone. */
  readonly canUndo: boolean;
  /** Source of the answers: nothing yet, the nearest class mean, or the trained model. */
  readonly answers: "none" | "means" | "model";
  /** Expected seconds of a training. Undefined until the device was measured. */
  readonly costs: Readonly<Record<Effort, number>> | undefined;
}

export type CommandName = keyof Commands;
export type Argument<K extends CommandName> = Parameters<Commands[K]>[0];
export type Answer<K extends CommandName> = ReturnType<Commands[K]>;

export interface Call {
  readonly id: number;
  readonly command: CommandName;
  readonly argument: unknown;
}
export type Message =
  | { readonly type: "state"; readonly state: StudioState }
  | { readonly type: "answer"; readonly id: number; readonly value: unknown }
  | { readonly type: "error"; readonly id: number; readonly code: ErrorCode; readonly message: string };

/** Kinds of errors that the page explains in its own words. */
export type ErrorCode =
  | "storage-full"
  | "storage"
  | "in-use"
  | "not-a-project"
  | "base"
  | "own-base"
  | "backend"
  | "unknown";

/** An error with a code. */
export class StudioError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StudioError";
    this.code = code;
  }
}
