// Submits no-op jobs to BullMQ and waits until all of them are completed and
// kept. Prints one JSON line. With --processes 2 the worker is its own process.
import { fork } from "node:child_process";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { Queue, Worker } from "bullmq";
import IORedis from "ioredis";

const { values } = parseArgs({
  options: {
    redis: { type: "string", default: "127.0.0.1:6379" },
    jobs: { type: "string", default: "20000" },
    warmup: { type: "string", default: "2000" }, // jobs before the measured ones
    add: { type: "string", default: "bulk" }, // bulk | single
    bulk: { type: "string", default: "500" }, // jobs in one addBulk
    producers: { type: "string", default: "16" }, // adds in flight
    concurrency: { type: "string", default: "100" },
    processes: { type: "string", default: "2" }, // 1: producer and worker share a process
    role: { type: "string", default: "all" }, // all | worker
  },
});
const [host, port] = values.redis.split(":");
const connect = () => new IORedis({ host, port: Number(port), maxRetriesPerRequest: null });
const [jobs, warmup] = [Number(values.jobs), Number(values.warmup)];
const work = () =>
  new Worker("noop", async () => null, { connection: connect(), concurrency: Number(values.concurrency) }).waitUntilReady();

if (values.role === "worker") {
  await work();
  process.send("ready");
  process.on("disconnect", () => process.exit(0));
} else {
  const admin = connect();
  const info = async () => {
    const text = await admin.info();
    const number = (key) => Number(new RegExp(`${key}:([\\d.]+)`).exec(text)[1]);
    const own = process.cpuUsage(); // with --processes 2 the worker's is not in it
    return {
      memory: number("used_memory"),
      cpu: own.user + own.system + 1e6 * (number("used_cpu_user_main_thread") + number("used_cpu_sys_main_thread")),
    };
  };

  let worker;
  if (values.processes === "2") {
    worker = fork(new URL(import.meta.url), [...process.argv.slice(2), "--role", "worker"]);
    await new Promise((resolve) => worker.once("message", resolve));
  } else {
    await work();
  }

  const queue = new Queue("noop", { connection: connect(), defaultJobOptions: { removeOnComplete: false } });
  await queue.waitUntilReady();
  const size = values.add === "bulk" ? Number(values.bulk) : 1;
  const producers = size === 1 ? Number(values.producers) : 2;
  const produce = (n, total) =>
    Promise.all(
      Array.from({ length: producers }, async () => {
        while (n > 0) {
          const some = Math.min(size, n);
          n -= some;
          if (size === 1) await queue.add("noop", { n: 1 });
          else await queue.addBulk(Array.from({ length: some }, () => ({ name: "noop", data: { n: 1 } })));
        }
      }),
    ).then(async () => {
      while ((await admin.zcard("bull:noop:completed")) < total) await new Promise((resolve) => setTimeout(resolve, 2));
    });

  await produce(warmup, warmup);
  const before = await info();
  const start = process.hrtime.bigint();
  await produce(jobs, warmup + jobs);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;

  const after = await info();
  const adds = size === 1 ? `single adds, ${values.producers} in flight` : `addBulk of ${size}, 2 in flight`;
  console.log(
    JSON.stringify({
      peer: "bullmq",
      version: createRequire(import.meta.url)("bullmq/package.json").version,
      setup: `${adds}, worker concurrency ${values.concurrency}, ${values.processes} process(es), removeOnComplete false`,
      jobs,
      seconds,
      jobsPerSecond: jobs / seconds,
      redisBytesPerJob: (after.memory - before.memory) / jobs,
      cpuMicrosPerJob: (after.cpu - before.cpu) / jobs,
    }),
  );
  worker?.disconnect();
  process.exit(0);
}
