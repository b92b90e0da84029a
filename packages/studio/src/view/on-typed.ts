/** Milliseconds without a key after which a name is stored. */
const PAUSE = 300;

/** Calls back with the text of a field after a pause in typing, or when the field is left. */
export function onTyped(field: HTMLInputElement, typed: (value: string) => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tell = (): void => {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    typed(field.value);
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(tell, PAUSE);
  });
  field.addEventListener("change", tell);
}
