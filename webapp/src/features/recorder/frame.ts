/** One picture of the page, as it comes over the session's socket. */
export interface Frame {
  /** The tab that it shows: "page", "page2". */
  page: string;
  number: number;
  /** The viewport that it shows, in CSS pixels. */
  width: number;
  height: number;
  elapsedMs: number;
  jpeg: Uint8Array<ArrayBuffer>;
}

const HEADER = 16;
const VERSION = 1;
const JPEG = 1;

/** Reads a binary message; null when it is no frame that this page understands. */
export function parseFrame(message: ArrayBuffer): Frame | null {
  if (message.byteLength <= HEADER) return null;
  const view = new DataView(message);
  if (view.getUint8(0) !== VERSION || view.getUint8(1) !== JPEG) return null;
  const frame = {
    page: pageName(view.getUint16(2)),
    number: view.getUint32(4),
    width: view.getUint16(8),
    height: view.getUint16(10),
    elapsedMs: view.getUint32(12),
    jpeg: new Uint8Array(message, HEADER),
  };
  return frame.width > 0 && frame.height > 0 ? frame : null;
}

/** The first tab is "page", the next "page2". */
export function pageName(number: number): string {
  return number <= 1 ? "page" : `page${number}`;
}
