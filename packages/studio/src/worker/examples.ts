import { isHeldOut, type Picture } from "../project/project.ts";
import type { Run, Session } from "./session.ts";

/** Pictures of a training with their class numbers. */
export interface Examples {
  readonly pictures: readonly Picture[];
  readonly labels: readonly number[];
}

/** Splits the pictures of a training into those to learn and those that are kept aside to test the model. */
export function splitExamples(session: Session, run: Run): { readonly learn: Examples; readonly heldOut: Examples } {
  const parts = { learn: empty(), heldOut: empty() };
  const places = new Map<string, number>();
  for (const id of run.ids) {
    const picture = session.pictures.get(id);
    if (!picture) continue;
    const place = places.get(picture.classId) ?? 0;
    places.set(picture.classId, place + 1);
    const part = isHeldOut(place) ? parts.heldOut : parts.learn;
    part.pictures.push(picture);
    part.labels.push(run.classes.findIndex(({ id }) => id === picture.classId));
  }
  return parts;
}

function empty(): { pictures: Picture[]; labels: number[] } {
  return { pictures: [], labels: [] };
}
