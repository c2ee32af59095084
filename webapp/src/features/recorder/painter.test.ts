import { expect, test } from "vitest";
import type { Frame } from "./frame";
import { Painter } from "./painter";

const frame = (number: number, width = 1280): Frame => ({
  ...{ page: "page", number, width, height: 800, elapsedMs: 0 },
  jpeg: new Uint8Array([number]),
});
const settle = async () => {
  for (let i = 0; i < 6; i++) await Promise.resolve();
};

/** A painter whose decoding and frames are finished by hand. */
function setup() {
  const decoding: { number: number; done(good: boolean): void }[] = [];
  const shows: (() => void)[] = [];
  const log: string[] = [];
  const closed: number[] = [];
  const painter = new Painter(
    {
      decode: ({ number }) =>
        new Promise((done, failed) => {
          const picture = { number, close: () => closed.push(number) };
          decoding.push({
            number,
            done: (good) => (good ? done(picture as unknown as ImageBitmap) : failed(new Error())),
          });
        }),
      draw: (picture) => log.push(`draw ${(picture as unknown as { number: number }).number}`),
      nextFrame(run) {
        shows.push(run);
        return () => void shows.splice(shows.indexOf(run), 1);
      },
    },
    (number) => log.push(`ack ${number}`),
    ({ width }) => log.push(`width ${width}`),
  );
  const finish = async (good = true) => {
    decoding.shift()?.done(good);
    await settle();
    shows.shift()?.();
    await settle();
  };
  return { painter, log, closed, finish, decoding };
}

test("a frame is acknowledged once it is drawn", async () => {
  const { painter, log, finish } = setup();
  painter.take(frame(1));
  expect(log).toEqual([]);
  await finish();
  expect(log).toEqual(["width 1280", "draw 1", "ack 1"]);
});

test("only the newest of those that wait is drawn", async () => {
  const { painter, log, finish, decoding } = setup();
  for (const number of [1, 2, 3, 4]) painter.take(frame(number));
  expect(decoding.map((each) => each.number)).toEqual([1]);
  await finish();
  await finish();
  expect(log.filter((line) => line.startsWith("draw"))).toEqual(["draw 1", "draw 4"]);
});

test("a picture that cannot be read does not stop the stream", async () => {
  const { painter, log, finish } = setup();
  painter.take(frame(1));
  await finish(false);
  painter.take(frame(2));
  await finish();
  expect(log).toEqual(["ack 1", "width 1280", "draw 2", "ack 2"]);
});

test("the last picture is kept for a resized canvas and let go after", async () => {
  const { painter, log, closed, finish } = setup();
  painter.repaint();
  painter.take(frame(1));
  await finish();
  painter.repaint();
  expect(log.filter((line) => line === "draw 1")).toHaveLength(2);
  painter.take(frame(2));
  await finish();
  expect(closed).toEqual([1]);
  painter.close();
  expect(closed).toEqual([1, 2]);
  painter.take(frame(3));
  await settle();
  expect(log.at(-1)).toBe("ack 2");
});
