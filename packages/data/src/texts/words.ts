/** Divides a text into words in lower case: runs of letters, or of digits, in any script. */
export function wordsOf(text: string): readonly string[] {
  return (
    text
      .normalize("NFC")
      .toLowerCase()
      .match(/\p{L}[\p{L}\p{M}'’]*|\p{N}+/gu) ?? []
  );
}

/**
 * Lists the most frequent words of texts. Of equally frequent words, the first in the alphabet is taken.
 *
 * @param most number of words to list.
 */
export function vocabularyOf(texts: readonly string[], most: number): readonly string[] {
  const counts = new Map<string, number>();
  for (const text of texts) for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, most)
    .map(([word]) => word);
}

/** Turns a text into numbers of fixed count. */
export type Encode = (text: string) => Float32Array;

/** Numbers of no word, and of a word that is not in the vocabulary. The vocabulary follows. */
const [PADDING, UNKNOWN] = [0, 1];

/** Numbers that an Embedding layer needs for a vocabulary of a size: its `inputDim`. */
export function numbersFor(words: number): number {
  return words + 2;
}

/**
 * Makes a function that turns a text into the numbers of its first words, padded with 0 at the end.
 *
 * @param length number of words.
 */
export function wordEncoder(vocabulary: readonly string[], length: number): Encode {
  const numbers = new Map(vocabulary.map((word, i) => [word, numbersFor(i)]));
  return (text) => {
    const row = new Float32Array(length).fill(PADDING);
    wordsOf(text)
      .slice(0, length)
      .forEach((word, i) => {
        row[i] = numbers.get(word) ?? UNKNOWN;
      });
    return row;
  };
}
