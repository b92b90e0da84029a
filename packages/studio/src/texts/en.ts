import type { Effort } from "../project/project.ts";
import type { ErrorCode } from "../protocol.ts";

/** Texts of the page in one language. */
export interface Texts {
  readonly projectName: string;
  readonly untitled: string;
  readonly private: string;
  readonly opening: string;
  readonly more: string;
  readonly saveProject: string;
  readonly openProject: string;
  readonly chooseBase: string;
  readonly firstBase: string;
  readonly reallyChangeBase: string;
  readonly baseChanged: string;
  readonly startOver: string;
  readonly reallyStartOver: string;
  readonly projectOpened: string;
  readonly classes: string;
  readonly classesHint: string;
  readonly className: string;
  classNumber(number: number): string;
  readonly addClass: string;
  removeClass(name: string): string;
  reallyRemoveClass(name: string, pictures: number): string;
  pictures(count: number): string;
  readonly noPictures: string;
  readonly choosePictures: string;
  readonly useCamera: string;
  readonly closeCamera: string;
  readonly takePictures: string;
  readonly cameraDenied: string;
  readonly draw: string;
  readonly drawing: string;
  readonly drawingHint: string;
  readonly addDrawing: string;
  readonly clearDrawing: string;
  readonly closeDrawing: string;
  removePicture(number: number): string;
  showAll(count: number): string;
  readonly showFewer: string;
  readonly reading: string;
  refused(names: readonly string[]): string;
  readonly dropHere: string;
  readonly training: string;
  readonly effort: string;
  readonly efforts: Readonly<Record<Effort, { readonly name: string; readonly description: string }>>;
  about(seconds: number): string;
  readonly train: string;
  readonly trainAgain: string;
  readonly continueTraining: string;
  readonly interrupted: string;
  readonly needsPictures: string;
  readonly preparing: string;
  readonly paused: string;
  round(progress: number, secondsLeft: number | undefined): string;
  readonly pause: string;
  readonly resume: string;
  readonly stop: string;
  readonly undo: string;
  readonly undone: string;
  readonly trained: string;
  readonly rightLearned: string;
  readonly rightKeptAside: string;
  readonly error: string;
  readonly tryIt: string;
  readonly camera: string;
  readonly aPicture: string;
  readonly noAnswerYet: string;
  readonly byComparing: string;
  readonly byModel: string;
  readonly notLearned: string;
  readonly result: string;
  score(right: number, all: number): string;
  readonly scoreHint: string;
  readonly noScore: string;
  readonly mistakes: string;
  mistake(picture: string, answer: string): string;
  readonly table: string;
  readonly tableHint: string;
  readonly useModel: string;
  readonly downloadModel: string;
  readonly downloadModelHint: string;
  readonly downloadDelta: string;
  readonly downloadDeltaHint: string;
  percent(share: number): string;
  readonly errors: Readonly<Record<ErrorCode, string>>;
}

const percent = new Intl.NumberFormat("en", { style: "percent" });

export const en: Texts = {
  projectName: "Name of the project",
  untitled: "My project",
  private: "Your pictures stay on this device.",
  opening: "Getting ready …",
  more: "Project",
  saveProject: "Save as a file",
  openProject: "Open a file",
  chooseBase: "Start from a model of your own",
  firstBase: "Start from the first model again",
  reallyChangeBase: "Forget the trained model? The pictures stay.",
  baseChanged: "The model to start from was changed. Train again.",
  startOver: "Start over",
  reallyStartOver: "Remove all classes, pictures and the model?",
  projectOpened: "The project is open.",
  classes: "Teach",
  classesHint: "Show some pictures of each kind of thing. Ten of each are a good start.",
  className: "Name of the class",
  classNumber: (number) => `Class ${number}`,
  addClass: "Add a class",
  removeClass: (name) => `Remove ${name}`,
  reallyRemoveClass: (name, pictures) => `Remove ${name} and its ${en.pictures(pictures)}?`,
  pictures: (count) => (count === 1 ? "1 picture" : `${count} pictures`),
  noPictures: "No pictures yet. Drop some here.",
  choosePictures: "Choose pictures",
  useCamera: "Use the camera",
  closeCamera: "Close the camera",
  takePictures: "Hold to take pictures",
  cameraDenied: "The camera cannot be used. Allow it in the settings of the browser, or choose pictures instead.",
  draw: "Draw",
  drawing: "Sheet to draw on",
  drawingHint: "With the keyboard: Space puts the pen down and lifts it, the arrow keys move it.",
  addDrawing: "Add the drawing",
  clearDrawing: "Clear",
  closeDrawing: "Close the sheet",
  removePicture: (number) => `Remove picture ${number}`,
  showAll: (count) => `Show all ${count}`,
  showFewer: "Show fewer",
  reading: "Reading …",
  refused: (names) =>
    names.length === 1
      ? `${names[0]} is not a picture that can be read.`
      : `${names.length} files are not pictures that can be read: ${names.slice(0, 3).join(", ")}${names.length > 3 ? " …" : ""}`,
  dropHere: "Drop pictures here",
  training: "Train",
  effort: "How thoroughly",
  efforts: {
    head: { name: "Quick", description: "Learns to tell the classes apart by what it already sees." },
    blocks: { name: "Thorough", description: "Also learns to look more closely at your kind of pictures." },
    whole: { name: "Complete", description: "Learns everything again, from edges to shapes. For many pictures." },
  },
  about: (seconds) => `Takes about ${duration(seconds)} on this device.`,
  train: "Train",
  trainAgain: "Train again",
  continueTraining: "Continue training",
  interrupted: "The page was closed during a training. It can continue where it was.",
  needsPictures: "Two classes need pictures first.",
  preparing: "Preparing …",
  paused: "Paused",
  round: (progress, secondsLeft) =>
    `${percent.format(progress)}${secondsLeft === undefined ? "" : ` · ${duration(secondsLeft)} left`}`,
  pause: "Pause",
  resume: "Continue",
  stop: "Stop here",
  undo: "Undo",
  undone: "The model before is back.",
  trained: "The training is finished.",
  rightLearned: "Right on pictures to learn",
  rightKeptAside: "Right on pictures kept aside",
  error: "Error",
  tryIt: "Try it",
  camera: "Camera",
  aPicture: "A picture",
  noAnswerYet: "As soon as two classes have pictures, you can try it here.",
  byComparing: "First answers, by comparing. Train for better ones.",
  byModel: "Answers of your trained model.",
  notLearned: "Some pictures are new. Train again to use them.",
  result: "How good is it?",
  score: (right, all) => `${right} of ${all}`,
  scoreHint: "pictures that were kept aside got the right answer.",
  noScore: "Add at least five pictures to each class. Then some are kept aside to test the model.",
  mistakes: "These got a wrong answer:",
  mistake: (picture, answer) => `${picture}, answered ${answer}`,
  table: "All answers",
  tableHint: "Rows are the classes of the pictures, columns are the answers.",
  useModel: "Use your model",
  downloadModel: "Download the model",
  downloadModelHint: "For TensorFlow.js: model.json with weights, as a ZIP file.",
  downloadDelta: "Download the changes",
  downloadDeltaHint: "Only what was learned, as a small file.",
  percent: (share) => percent.format(share),
  errors: {
    "storage-full": "This device has no more space for the page. Remove some pictures, or save the project as a file.",
    storage: "The browser could not store the change. Private windows often do not allow it.",
    "in-use": "This project is already open in another tab. Close one of them and load the page again.",
    "not-a-project": "This file is not a project, or it is damaged. Nothing was changed.",
    base: "The model to start from could not be loaded. Check the connection and load the page again.",
    "own-base":
      "These files are not a model that can be used here. Choose the model.json of a LayersModel and all its .bin files. It needs one square colour picture as its input.",
    backend: "This browser cannot train. Try a current version of Chrome, Edge, Firefox or Safari.",
    unknown: "Something went wrong. Your pictures are safe. Load the page again.",
  },
};

function duration(seconds: number): string {
  if (seconds < 1.5) return "1 second";
  if (seconds < 90) return `${seconds < 10 ? Math.round(seconds) : Math.round(seconds / 5) * 5} seconds`;
  return `${Math.round(seconds / 60)} minutes`;
}
