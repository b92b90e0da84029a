/**
 * A published form of LARS. In the table, u = g + βw, γ is the rate, λ the ratio, m the momentum and v the velocity:
 *
 * | dialect | ratio λ | velocity | update | used in |
 * |---|---|---|---|---|
 * | `paper` | η‖w‖ / (‖g‖ + β‖w‖ + ε) | v ← m·v + γλu | w ← w − v | You, Gitman & Ginsburg 2017, eq. 6 and alg. 1; MLPerf |
 * | `torch` | the same | v ← m·v + (1−τ)·λu | w ← w − γv | timm `Lars(always_adapt=True)`, lightning-bolts |
 * | `larc` | min(λ of `torch` / γ, 1) | as `torch` | as `torch` | NVIDIA apex `LARC(clip=True)`, timm `larc` |
 * | `optax` | η‖w‖ / (‖u‖ + ε) | as `paper` | as `paper` | `optax.lars` |
 * | `tf-classic` | as `optax` | as `paper` | as `paper` | TensorFlow models `LARS(classic_momentum=True)` |
 * | `tf-popular` | η‖w‖ / (‖s‖ + ε) | v ← m·v + (1−τ)·u | w ← w − γλs, s = v | the same with `classic_momentum=False` |
 *
 * Nesterov: `paper`, `optax`, `tf-classic` w ← w − (m·v + γλu); `torch`, `larc` w ← w − γ(m·v + λu); `tf-popular` s = m·v + u.
 * `paper` and `torch` agree as long as the rate is constant. They differ as soon as a schedule changes it.
 */
export type LarsDialect = "paper" | "torch" | "larc" | "optax" | "tf-classic" | "tf-popular";

/** A dialect as switches, with the defaults of the implementation that it is named after. */
export interface DialectSpec {
  /** The norm that divides ‖w‖: ‖g‖ + β‖w‖, ‖g + βw‖, or the norm of the step after momentum. */
  readonly denominator: "gradient" | "decayed" | "velocity";
  /** Whether λ ← min(λ/γ, 1). Then the effective rate is at most γ. */
  readonly clipToRate: boolean;
  /** Whether the rate is applied in the velocity (Caffe, the paper) or in the update (torch). */
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

/** The switches of every dialect. */
export const dialects: { readonly [D in LarsDialect]: DialectSpec } = {
  paper,
  torch,
  larc: { ...torch, clipToRate: true, trustCoefficient: 0.02 },
  optax,
  "tf-classic": optax,
  "tf-popular": { ...optax, denominator: "velocity", rateInVelocity: false },
};

/** The names of all dialects, in the order of the documentation. */
export const dialectNames: readonly LarsDialect[] = ["paper", "torch", "larc", "optax", "tf-classic", "tf-popular"];
