import { inflateSync } from "node:zlib";
import { expect, it } from "vitest";
import { htmlReport } from "../src/observers/html-report/html-report.ts";
import { roundTicks } from "../src/observers/html-report/ticks.ts";

const params = [{ name: "head/kernel", layer: "head", role: "kernel", shape: [4, 2], unitAxes: [1] }];

/** Makes the report of a run whose epochs have the given logs. */
async function report(epochs: Record<string, number>[], options = {}): Promise<string> {
  let html = "";
  const observer = htmlReport({
    to(page) {
      html = page;
    },
    ...options,
  });
  await observer.runStart?.({ params, epochs: epochs.length, stepsPerEpoch: 2, batchSize: 8, step: 0 });
  for (const [epoch, logs] of epochs.entries()) {
    for (const i of [1, 2]) {
      await observer.stepEnd?.({ step: 2 * epoch + i, epoch, examples: 8 * i, learningRate: 0.1 / i, loss: 1 });
    }
    await observer.epochEnd?.({ epoch, step: 2 * epoch + 2, seconds: 1, logs });
  }
  await observer.runEnd?.({ steps: 2 * epochs.length, seconds: 3 });
  return html;
}

it.each([
  [0.13, 0.97, 4, [0, 0.5, 1]],
  [0, 1, 4, [0, 0.5, 1]],
  [1, 12, 6, [0, 2, 4, 6, 8, 10, 12]],
  [-3e-7, 4e-7, 4, [-4e-7, -2e-7, 0, 2e-7, 4e-7]],
  [5, 5, 4, [4, 6]],
  [0, 0, 4, [0, 0.5]],
])("puts round ticks around %d to %d", (low, high, count, ticks) => {
  expect(roundTicks(low, high, count)).toEqual(ticks);
});

it("names the best epoch by validation loss, and prints it bold", async () => {
  const html = await report([
    { loss: 3, val_loss: 3 },
    { loss: 2, val_loss: 1.5 },
    { loss: 1, val_loss: Number.NaN },
  ]);
  expect(html).toContain("<dt>best epoch</dt><dd>2, val_loss 1.500</dd>");
  expect(html.match(/<tr class="best"><td>2</g)).toHaveLength(1);
  expect(html).toContain("<dd>8 values in 1 parameters of 1 layer</dd>");
});

it("draws a curve without values that are not finite, and none without any value", async () => {
  const html = await report([
    { loss: Number.NaN, f1: Number.NaN },
    { loss: 2, f1: Number.NaN },
    { loss: 1, f1: Number.NaN },
  ]);
  const [loss] = html.match(/aria-label="loss by epoch".*?<\/svg>/) as RegExpMatchArray;
  expect(loss?.match(/points="([^"]*)"/)?.[1]?.split(" ")).toHaveLength(2);
  expect(html).not.toContain("f1 by epoch");
  expect(html).not.toMatch(/points="[^"]*NaN/);
});

it("shows pictures inside the page, and says what they were taken for", async () => {
  const picture = { pixels: Uint8Array.of(255, 0, 0), width: 1, height: 1, channels: 3, probability: 0.125 } as const;
  const pictures = async () => [
    { title: "Worst", pictures: [{ ...picture, label: "<cat>", predicted: "dog" }] },
    { title: "None", pictures: [] },
  ];
  const html = await report([{ loss: 1 }], { pictures });
  expect(html).toContain("&#60;cat&#62; 13 %, taken for dog");
  expect(html).not.toContain("<h2>None");
  const [, png = ""] = html.match(/src="data:image\/png;base64,([^"]+)"/) ?? [];
  const bytes = Buffer.from(png, "base64");
  const at = bytes.indexOf("IDAT");
  // A row begins with the number of its filter, 0 for none.
  expect([...inflateSync(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at - 4)))]).toEqual([0, 255, 0, 0]);
});

it("makes the page after each epoch if that is asked for", async () => {
  const pages: string[] = [];
  await report([{ loss: 3 }, { loss: 2 }], { everyEpoch: true, to: (html: string) => void pages.push(html) });
  expect(pages.map((html) => html.match(/<tr[^>]*><td>\d</g)?.length)).toEqual([1, 2, 2]);
});

it("draws one epoch as a dot", async () => {
  expect(await report([{ loss: 2 }])).toMatch(/aria-label="loss by epoch".*?<circle class="curve c0"/);
});

it("draws the confusion matrix of the last epoch with the names of the classes, and keeps its counts out of the curves", async () => {
  const counts = (...n: number[]) =>
    Object.fromEntries(n.map((value, i) => [`val_confusion_${i >> 1}_${i % 2}`, value]));
  const html = await report(
    [
      { loss: 2, ...counts(1, 3, 2, 2) },
      { loss: 1, ...counts(3, 1, 0, 4) },
    ],
    {
      classes: ["cat", "<dog>"],
      details: { data: "a & b" },
    },
  );
  const cells = [...(html.match(/<table class="confusion">.*?<\/table>/)?.[0] ?? "").matchAll(/<td[^>]*>([^<]*)</g)];
  expect(cells.map(([, text]) => text)).toEqual(["3", "1", "75 %", "0", "4", "100 %"]);
  expect(html).toContain('<th scope="row">&#60;dog&#62;</th>');
  expect(html).toContain("<dt>data</dt><dd>a &#38; b</dd>");
  expect(html).not.toContain("confusion_");
});
