// Loads the model of model.js, and shows the classes of the picture that is chosen, dropped or pasted.
(() => {
  const { tf, graftModel, graftPixels } = globalThis;
  /** Largest side of a canvas. Larger pictures are made smaller first, because phones refuse larger canvases. */
  const LARGEST = 4096;
  const SHOWN = 5;
  const byId = (id) => document.getElementById(id);
  const status = byId("status");
  const picker = byId("file");

  function bytesOf(base64) {
    const text = atob(base64);
    return Uint8Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  }

  async function load() {
    const { weights, format, ...artifacts } = graftModel.model;
    const handler = tf.io.fromMemory({ ...artifacts, format, weightData: bytesOf(weights).buffer });
    // Threads would need headers of the server, and one more file. tfjs asks for its name all the same.
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
    tf.wasm.setWasmPaths({
      "tfjs-backend-wasm.wasm": "tfjs-backend-wasm.wasm",
      "tfjs-backend-wasm-simd.wasm": "tfjs-backend-wasm-simd.wasm",
      "tfjs-backend-wasm-threaded-simd.wasm": "tfjs-backend-wasm-simd.wasm",
    });
    // A page that was opened from a folder may not read the .wasm files.
    if (location.protocol === "file:" || !(await tf.setBackend("wasm").catch(() => false))) await tf.setBackend("cpu");
    const model = format === "graph-model" ? await tf.loadGraphModel(handler) : await tf.loadLayersModel(handler);
    const { size, channels = 3 } = graftModel.pixels;
    const shape = [1, ...size, channels];
    const run = async (values) => {
      const input = tf.tensor(values, shape, "float32");
      const output = model.predict(input);
      try {
        return Array.from(await output.data());
      } finally {
        tf.dispose([input, output]);
      }
    };
    const grey = new Float32Array(size[0] * size[1] * channels);
    await run(grey).catch(async (error) => {
      if (tf.getBackend() === "cpu") throw error;
      // The wasm backend lacks a kernel of this model.
      await tf.setBackend("cpu");
      await run(grey);
    });
    return run;
  }

  /** Decodes a picture, turned as its camera says, on white. */
  async function decode(file) {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    return context.getImageData(0, 0, canvas.width, canvas.height);
  }

  function element(name, text, attributes = {}) {
    const made = document.createElement(name);
    made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    return made;
  }

  function show(file, outputs) {
    const { classes } = graftModel;
    const list = byId("classes");
    list.replaceChildren();
    if (!outputs.every(Number.isFinite)) throw new Error("the model's output is not a number");
    if (outputs.length === 1 && classes === undefined) {
      status.textContent = `${file.name}: ${outputs[0].toPrecision(4)}`;
      return;
    }
    const ranked = graftPixels
      .probabilitiesOf(outputs)
      .map((probability, i) => ({ name: classes?.[i] ?? `class ${i}`, probability }))
      .sort((a, b) => b.probability - a.probability);
    const percent = (probability) => `${(100 * probability).toFixed(1)} %`;
    status.textContent = `${ranked[0].name}, ${percent(ranked[0].probability)}`;
    for (const { name, probability } of ranked.slice(0, SHOWN)) {
      const row = element("li", "");
      row.append(
        element("span", name, { class: "name" }),
        element("progress", "", { max: 1, value: probability, "aria-hidden": "true" }),
        element("span", percent(probability), { class: "share" }),
      );
      list.append(row);
    }
  }

  const loading = load();
  let newest = 0;
  let address;

  async function classify(file) {
    const turn = ++newest;
    status.textContent = `Looking at ${file.name} …`;
    byId("classes").replaceChildren();
    try {
      const picture = await decode(file).catch(() => {
        throw new Error("it is not a picture that this browser can decode. Try a png, jpeg or webp");
      });
      const run = await loading;
      const outputs = await run(graftPixels.inputOf(picture, graftModel.pixels));
      if (turn !== newest) return;
      if (address) URL.revokeObjectURL(address);
      address = URL.createObjectURL(file);
      const shown = byId("picture");
      shown.src = address;
      shown.alt = file.name;
      shown.hidden = false;
      show(file, outputs);
    } catch (error) {
      if (turn === newest) status.textContent = `${file.name} cannot be used: ${error.message}.`;
    }
  }

  const firstOf = (files) => files?.[0] && void classify(files[0]);
  picker.addEventListener("change", () => firstOf(picker.files));
  document.addEventListener("paste", ({ clipboardData }) => firstOf(clipboardData?.files));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dragging");
  });
  for (const name of ["dragleave", "drop"])
    document.addEventListener(name, () => document.body.classList.remove("dragging"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    firstOf(event.dataTransfer?.files);
  });

  loading.then(
    () => {
      picker.disabled = false;
      if (newest === 0) status.textContent = "Ready.";
    },
    (error) => {
      status.textContent = `The model cannot be loaded: ${error.message}`;
    },
  );
})();
