/** Tells whether a key of the logs is one count of a confusion matrix. Ten classes have a hundred, which would hide the other numbers. */
export function isConfusion(key: string): boolean {
  return /^(val_)?confusion_\d+_\d+(_\d+)?$/.test(key);
}
