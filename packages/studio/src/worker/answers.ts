import { applyDeltaAsync } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import type { Share, StudioState } from "../protocol.ts";
import { batchOf } from "./base.ts";
import { classMeans, nearestMean } from "./nearest-mean.ts";
import { picturesByClass, type Session } from "./session.ts";

/** Returns the source of answers. A model that was trained for other classes does not answer. */
export function sourceOf(session: Session): StudioState["answers"] {
  const { trained, project } = session;
  const ids = new Set(project.classes.map(({ id }) => id));
  if (trained?.result.classes.every(({ id }) => ids.has(id))) return "model";
  return meansOf(session) ? "means" : "none";
}

/** Returns the share of each class for a picture. Empty before two classes have pictures. @param pixels input of the base */
export async function answer(session: Session, pixels: Float32Array): Promise<readonly Share[]> {
  const source = sourceOf(session);
  if (source === "none") return [];
  if (source === "model") {
    const model = await modelOf(session);
    const [shares = []] = await predict(model, [pixels], session.base.side);
    return (session.trained?.result.classes ?? []).map(({ id }, i) => ({ classId: id, share: shares[i] ?? 0 }));
  }
  const [features] = await session.base.features([pixels]);
  const means = meansOf(session);
  if (!means || !features) return [];
  const shares = nearestMean(means, features);
  return means.classIds.map((classId, i) => ({ classId, share: shares[i] as number }));
}

/** Returns the trained model. Builds it from the base and the delta if needed. */
export async function modelOf(session: Session): Promise<layers.LayersModel> {
  const { trained, base } = session;
  if (!trained) throw new Error("No model is trained yet.");
  if (!session.model) {
    const model = await base.fresh(trained.result.classes.length);
    await applyDeltaAsync(model, trained.delta);
    session.model = model;
  }
  return session.model;
}

/** Computes the shares of all classes for some pictures. */
export async function predict(
  model: layers.LayersModel,
  pixels: readonly Float32Array[],
  side: number,
): Promise<readonly (readonly number[])[]> {
  const values = tf.tidy(() => model.predict(batchOf(pixels, side)) as tf.Tensor2D);
  const rows = await values.array();
  values.dispose();
  return rows;
}

function meansOf(session: Session): ReturnType<typeof classMeans> {
  session.means ??= {
    of: classMeans(
      new Map(
        [...picturesByClass(session)].map(([id, pictures]) => [
          id,
          pictures.flatMap((picture) => session.features.get(picture.id) ?? []),
        ]),
      ),
    ),
  };
  return session.means.of;
}
