/** Fields that PEFT writes with a decimal point even if they are whole. */
const FLOATS: ReadonlySet<string> = new Set(["lora_dropout", "rank_dropout", "module_dropout"]);

/** Formats a config as Python's `json.dumps(value, indent=2, sort_keys=True)` does. */
export function pythonJson(value: unknown, key = "", indent = ""): string {
  const inner = `${indent}  `;
  const block = (parts: readonly string[], [open, close]: readonly [string, string]): string =>
    parts.length === 0 ? open + close : `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${indent}${close}`;
  if (Array.isArray(value))
    return block(
      value.map((one) => pythonJson(one, "", inner)),
      ["[", "]"],
    );
  if (typeof value === "object" && value !== null)
    return block(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, one]) => `${ascii(name)}: ${pythonJson(one, name, inner)}`),
      ["{", "}"],
    );
  if (typeof value === "number") return FLOATS.has(key) && Number.isInteger(value) ? `${value}.0` : String(value);
  return typeof value === "string" ? ascii(value) : String(value ?? null);
}

/** Quotes a string with escapes for all that is not ASCII. */
function ascii(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
