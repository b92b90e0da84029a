/**
 * Mean and variance of all values of a channel, joined batch by batch in float64 (Chan, Golub & LeVeque 1983, the parallel
 * formula). The result equals that of all values at once.
 */
export class JoinedMoments {
  #count = 0;
  #mean = new Float64Array();
  /** Sums of squared distances from the mean. */
  #squares = new Float64Array();

  /** Adds `count` values per channel with their mean and biased variance. */
  add(count: number, mean: ArrayLike<number>, variance: ArrayLike<number>): void {
    if (this.#count === 0) {
      this.#mean = new Float64Array(mean.length);
      this.#squares = new Float64Array(mean.length);
    }
    const total = this.#count + count;
    for (let i = 0; i < mean.length; i++) {
      const delta = (mean[i] as number) - (this.#mean[i] as number);
      this.#squares[i] =
        (this.#squares[i] as number) + (variance[i] as number) * count + (delta * delta * this.#count * count) / total;
      this.#mean[i] = (this.#mean[i] as number) + (delta * count) / total;
    }
    this.#count = total;
  }

  /** Returns mean and biased variance, one value per channel. */
  result(): { mean: Float64Array; variance: Float64Array } {
    return { mean: this.#mean, variance: this.#squares.map((sum) => sum / this.#count) };
  }
}
