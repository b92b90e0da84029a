import { describe, expect, it } from "vitest";
import { ExpressionError, fullMatch } from "../src/peft/regular-expression.ts";

describe("expressions of Python", () => {
  it.each<[string, string[], string[]]>([
    ["first|second", ["first", "second"], ["firstsecond", "first.x", ""]],
    [".*\\.(q|v)_proj$", ["a.q_proj", "layers.0.v_proj"], ["q_proj", "a.k_proj", "a.q_projx"]],
    [
      "^model\\.layers\\.(1[0-9]|[02-9])\\..+",
      ["model.layers.12.q", "model.layers.3.q"],
      ["model.layers.1.q", "x.model.layers.3.q"],
    ],
    ["(?!.*vision)\\w+(?:\\.\\w+){1,2}?", ["text.a", "text.a.b"], ["text", "vision.a", "text.vision", "a.b.c.d"]],
    ["(?P<name>a{2}b?)*[^.\\d-]", ["aabx", "aaaabz", "q"], ["aab1", "ax", "aab.", "-"]],
    ["(?=.*end$)[]a-z^]+|\\D{,2}", ["]end", "a^end", "..", ""], ["0", "...", "end0"]],
  ])("%s", (source, right, wrong) => {
    const matches = fullMatch(source);
    expect(right.filter((text) => !matches(text))).toEqual([]);
    expect(wrong.filter((text) => matches(text))).toEqual([]);
  });

  it("never takes long", () => {
    const start = performance.now();
    for (const source of ["(a+)+b", "(a|a)*b", "(a*)*b", "((a*)*)*b", "(.*)(.*)(.*)(.*)(.*)b"])
      expect(fullMatch(source)("a".repeat(200))).toBe(false);
    expect(() => fullMatch(`${"(".repeat(6)}a?${"){999}".repeat(6)}b`)("a".repeat(200))).toThrow(
      "takes too many steps",
    );
    expect(() => fullMatch("(".repeat(1001))).toThrow("has more than 1000 characters");
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it.each(["a)", "(a", "(?i)a", "a**b)", "*a", "a++", "\\b", "a\\", "[a", "(?<!a)b", "(?P=a)"])(
    "refuses %s",
    (source) => {
      expect(() => fullMatch(source)).toThrow(ExpressionError);
    },
  );
});
