// Turns a picture into the input of the model, with the options that the model was trained with, and outputs into probabilities.
// A classic script and not a module, because browsers load no modules from a folder without a server.
(() => {
  /** Shares of red, green and blue in grey (ITU-R BT.601). */
  const GREY = [0.299, 0.587, 0.114];

  /** Kernel for smaller pictures. */
  const lanczos = (x) => {
    if (x === 0) return 1;
    const turn = Math.PI * x;
    return Math.abs(x) < 3 ? (3 * Math.sin(turn) * Math.sin(turn / 3)) / (turn * turn) : 0;
  };

  /** Kernel for larger pictures: Catmull-Rom. */
  const cubic = (x) => {
    const d = Math.abs(x);
    if (d >= 2) return 0;
    return d < 1 ? 1.5 * d ** 3 - 2.5 * d ** 2 + 1 : -0.5 * d ** 3 + 2.5 * d ** 2 - 4 * d + 2;
  };

  /**
   * Finds the source pixels of each pixel of a row or column, with their weights.
   *
   * @param {number} length pixels of the picture on this axis
   * @param {number} start first source pixel, may be a fraction
   * @param {number} step source pixels per target pixel
   * @param {number} count target pixels
   */
  function taps(length, start, step, count) {
    const spread = Math.max(1, step);
    const [kernel, reach] = step > 1 ? [lanczos, 3 * spread] : [cubic, 2];
    return Array.from({ length: count }, (_, i) => {
      const centre = start + (i + 0.5) * step - 0.5;
      const indices = [];
      const weights = [];
      for (let j = Math.ceil(centre - reach); j <= Math.floor(centre + reach); j++) {
        indices.push(Math.min(length - 1, Math.max(0, j)));
        weights.push(kernel((j - centre) / spread));
      }
      const sum = weights.reduce((total, weight) => total + weight, 0);
      return { indices, weights: weights.map((weight) => weight / sum) };
    });
  }

  /** Resizes a part of a picture. Returns red, green and blue from 0 to 255, row after row. */
  function resize({ data, width, height }, part, columns, rows) {
    const across = taps(width, part.x, part.width / columns, columns);
    const down = taps(height, part.y, part.height / rows, rows);
    const wide = new Float32Array(height * columns * 3);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < columns; x++) {
        const { indices, weights } = across[x];
        const to = (y * columns + x) * 3;
        for (let t = 0; t < indices.length; t++) {
          const from = (y * width + indices[t]) * 4;
          for (let c = 0; c < 3; c++) wide[to + c] += weights[t] * data[from + c];
        }
      }
    }
    const bytes = new Uint8ClampedArray(rows * columns * 3);
    for (let y = 0; y < rows; y++) {
      const { indices, weights } = down[y];
      for (let i = 0; i < columns * 3; i++) {
        let value = 0;
        for (let t = 0; t < indices.length; t++) value += weights[t] * wide[indices[t] * columns * 3 + i];
        bytes[y * columns * 3 + i] = value;
      }
    }
    return bytes;
  }

  /** Fits a picture into `columns` × `rows` pixels: cut off, with black borders, or distorted. */
  function fitted(picture, columns, rows, fit) {
    const { width, height } = picture;
    const whole = { x: 0, y: 0, width, height };
    if (fit === "stretch") return resize(picture, whole, columns, rows);
    if (fit === "contain") {
      const scale = Math.min(columns / width, rows / height);
      const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
      const [left, top] = [Math.floor((columns - w) / 2), Math.floor((rows - h) / 2)];
      const inner = resize(picture, whole, w, h);
      const bytes = new Uint8ClampedArray(rows * columns * 3);
      for (let y = 0; y < h; y++)
        bytes.set(inner.subarray(y * w * 3, (y + 1) * w * 3), ((top + y) * columns + left) * 3);
      return bytes;
    }
    const scale = Math.max(columns / width, rows / height);
    const part = { width: columns / scale, height: rows / scale };
    return resize(picture, { ...part, x: (width - part.width) / 2, y: (height - part.height) / 2 }, columns, rows);
  }

  /**
   * Makes the input of a model: `height * width * channels` numbers.
   *
   * @param {{ data: ArrayLike<number>, width: number, height: number }} picture four bytes per pixel, as a canvas has them
   * @param {object} options size, channels, fit, range, mean, std and order, as stored with the model
   */
  function inputOf(picture, { size, channels = 3, fit = "cover", range = [0, 1], mean, std, order }) {
    const [rows, columns] = size;
    const bytes = fitted(picture, columns, rows, fit);
    const [black, white] = range;
    const values = new Float32Array(rows * columns * channels);
    for (let i = 0; i < rows * columns; i++) {
      for (let c = 0; c < channels; c++) {
        const colour = order === "bgr" ? 2 - c : c;
        const pixel =
          channels === 1
            ? GREY[0] * bytes[3 * i] + GREY[1] * bytes[3 * i + 1] + GREY[2] * bytes[3 * i + 2]
            : bytes[3 * i + colour];
        values[i * channels + c] = (black + ((white - black) * pixel) / 255 - (mean?.[c] ?? 0)) / (std?.[c] ?? 1);
      }
    }
    return values;
  }

  /** Turns the outputs for one picture into one probability per class. Values below 0 or above 1 are logits. */
  function probabilitiesOf(outputs) {
    const areLogits = outputs.some((value) => value < 0 || value > 1 + 1e-5);
    if (outputs.length === 1) {
      const second = areLogits ? 1 / (1 + Math.exp(-outputs[0])) : outputs[0];
      return [1 - second, second];
    }
    if (!areLogits) return outputs;
    const largest = Math.max(...outputs);
    const powers = outputs.map((value) => Math.exp(value - largest));
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
  }

  globalThis.graftPixels = { inputOf, probabilitiesOf };
})();
