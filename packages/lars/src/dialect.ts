/**
 * The published forms of LARS. With u = g + βw, γ the rate, λ the ratio, m the momentum and v the velocity:
 *
 * | dialect | ratio λ | velocity | update | as in |
 * |---|---|---|---|---|
 * | `paper` | η‖w‖ / (‖g‖ + β‖w‖ + ε) | v ← m·v + γλu | w ← w − v | You, Gitman & Ginsburg 2017, eq. 6 and alg. 1; MLPerf |
 * | `torch` | the same | v ← m·v + (1−τ)·λu | w ← w − γv | timm `Lars(always_adapt=True)`, lightning-bolts |
 * | `larc` | min(λ of `torch` / γ, 1) | as `torch` | as `torch` | NVIDIA apex `LARC(clip=True)`, timm `larc` |
 * | `optax` | η‖w‖ / (‖u‖ + ε) | as `paper` | as `paper` | `optax.lars` |
 * | `tf-classic` | as `optax` | as `paper` | as `paper` | TensorFlow models `LARS(classic_momentum=True)` |
 * | `tf-popular` | η‖w‖ / (‖s‖ + ε) | v ← m·v + (1−τ)·u | w ← w − γλs, s = v | the same with `classic_momentum=False` |
 *
 * Nesterov: `paper`, `optax`, `tf-classic` w ← w − (m·v + γλu); `torch`, `larc` w ← w − γ(m·v + λu); `tf-popular` s = m·v + u.
 * `paper` and `torch` agree while the rate is constant and part as soon as a schedule changes it.
 */
export type LarsDialect = "paper" | "torch" | "larc" | "optax" | "tf-classic" | "tf-popular";

/** A dialect as switches, with the defaults of the implementation it is named after. */
export interface DialectSpec {
  /** What ‖w‖ is divided by: ‖g‖ + β‖w‖, ‖g + βw‖, or the norm of the step that momentum makes of it. */
  readonly denominator: "gradient" | "decayed" | "velocity";
  /** λ ← min(λ/γ, 1): a rate no higher than γ. */
  readonly clipToRate: boolean;
  /** The rate enters the velocity (Caffe, the paper) rather than the update (torch). */
  readonly rateInVelocity: boolean;
  readonly trustCoefficient: number;
  readonly weightDecay: number;
  readonly epsilon: number;
  readonly momentum: number;
}

const paper: DialectSpec = {
  denominator: "gradient",
  clipToRate: false,
  rateInVelocity: true,
  trustCoefficient: 0.001,
  weightDecay: 1e-4,
  epsilon: 0,
  momentum: 0.9,
};
const torch: DialectSpec = { ...paper, rateInVelocity: false, weightDecay: 0, epsilon: 1e-8, momentum: 0 };
const optax: DialectSpec = { ...paper, denominator: "decayed", weightDecay: 0 };

export const dialects: { readonly [D in LarsDialect]: DialectSpec } = {
  paper,
  torch,
  larc: { ...torch, clipToRate: true, trustCoefficient: 0.02 },
  optax,
  "tf-classic": optax,
  "tf-popular": { ...optax, denominator: "velocity", rateInVelocity: false },
};

export const dialectNames: readonly LarsDialect[] = ["paper", "torch", "larc", "optax", "tf-classic", "tf-popular"];
