import { EFFORTS, type Effort } from "../project/project.ts";
import type { StudioState } from "../protocol.ts";
import { sourceOf } from "./answers.ts";
import { picturesByClass, type Session } from "./session.ts";

/** Returns everything that the page shows. */
export function stateOf(session: Session): StudioState {
  const { backend, project, pictures, features, training, trained, previous } = session;
  return {
    backend,
    project,
    ownBase: session.ownBase,
    pictures: Object.fromEntries([...picturesByClass(session)].map(([id, all]) => [id, all.map((one) => one.id)])),
    pending: [...pictures.keys()].filter((id) => !features.has(id)).length,
    training,
    result: trained?.result,
    canUndo: previous !== undefined,
    answers: sourceOf(session),
    costs: costsOf(session),
  };
}

/** Typical time per picture of a training, in passes through the base. A measured time on this device replaces it. */
const TYPICAL: Readonly<Record<Effort, number>> = { head: 1.5, blocks: 9, whole: 30 };

function costsOf({ secondsPerPicture, pictures, measured }: Session): StudioState["costs"] {
  if (secondsPerPicture === undefined) return undefined;
  const unit = secondsPerPicture * pictures.size;
  const costs = EFFORTS.map((effort) => [effort, unit * (measured[effort] ?? TYPICAL[effort])] as const);
  return Object.fromEntries(costs) as Record<Effort, number>;
}
