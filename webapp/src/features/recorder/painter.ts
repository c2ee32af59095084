import type { Size } from "@/lib/recording";
import type { Frame } from "./frame";

/** What a painter needs of the browser; a test replaces it. */
export interface Easel {
  decode(frame: Frame): Promise<ImageBitmap>;
  /** Draws a picture over the whole canvas. */
  draw(picture: ImageBitmap): void;
  nextFrame(run: () => void): () => void;
}

/**
 * Paints frames, the newest only: one that comes while another is being read replaces what waits. A
 * frame is acknowledged once it is drawn, so that a slow or hidden page is sent no more than it shows.
 */
export class Painter {
  #easel: Easel;
  #ack: (frame: number) => void;
  #onViewport: (viewport: Size, page: string) => void;
  #waiting: Frame | null = null;
  #busy = false;
  #last: ImageBitmap | null = null;
  #cancel: (() => void) | null = null;
  #closed = false;

  constructor(
    easel: Easel,
    ack: (frame: number) => void,
    onViewport: (viewport: Size, page: string) => void,
  ) {
    this.#easel = easel;
    this.#ack = ack;
    this.#onViewport = onViewport;
  }

  take(frame: Frame) {
    this.#waiting = frame;
    if (!this.#busy) void this.#paint();
  }

  /** Draws the last picture again: a canvas loses its content when it is resized. */
  repaint() {
    if (this.#last) this.#easel.draw(this.#last);
  }

  close() {
    this.#closed = true;
    this.#cancel?.();
    this.#last?.close();
    this.#last = null;
  }

  async #paint() {
    this.#busy = true;
    while (this.#waiting && !this.#closed) {
      const frame = this.#waiting;
      this.#waiting = null;
      const picture = await this.#easel.decode(frame).catch(() => null);
      if (picture && !this.#closed) await this.#show(frame, picture);
      else picture?.close();
      // A picture that cannot be read counts as seen: waiting for it would stop the stream.
      if (!this.#closed) this.#ack(frame.number);
    }
    this.#busy = false;
  }

  #show(frame: Frame, picture: ImageBitmap): Promise<void> {
    return new Promise((done) => {
      this.#cancel = this.#easel.nextFrame(() => {
        this.#onViewport({ width: frame.width, height: frame.height }, frame.page);
        this.#easel.draw(picture);
        this.#last?.close();
        this.#last = picture;
        done();
      });
    });
  }
}

/** Draws on a canvas with what the browser has. */
export function canvasEasel(canvas: HTMLCanvasElement): Easel {
  const context = canvas.getContext("2d", { alpha: false });
  return {
    decode: (frame) => createImageBitmap(new Blob([frame.jpeg], { type: "image/jpeg" })),
    draw(picture) {
      if (!context) return;
      context.imageSmoothingQuality = "high";
      context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    },
    nextFrame(run) {
      const frame = requestAnimationFrame(run);
      return () => cancelAnimationFrame(frame);
    },
  };
}
