/** A camera in use. */
export interface Camera {
  readonly video: HTMLVideoElement;
  /** Returns the current picture, at most 480 pixels wide. */
  frame(): Promise<ImageBitmap>;
  close(): void;
}

/** Opens the camera. The browser asks for permission. @throws DOMException if it is refused or missing */
export async function openCamera(): Promise<Camera> {
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { width: { ideal: 640 }, height: { ideal: 480 } },
    audio: false,
  });
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  await video.play();
  return {
    video,
    frame: () =>
      createImageBitmap(video, { resizeWidth: Math.min(480, video.videoWidth || 480), resizeQuality: "medium" }),
    close() {
      for (const track of stream.getTracks()) track.stop();
      video.srcObject = null;
    },
  };
}
