// One process of a Node library: node driver.js LIBRARY PORT. The lines that it understands are at the
// head of measure.
'use strict';
const { randomUUID } = require('crypto');
const { createInterface } = require('readline');

const [library, port] = process.argv.slice(2);
const TTL_MS = 30_000;

// Each maker gives lock(name) -> { acquire, release }; acquire waits until it has the lock, with the
// library's own defaults for how.

// The original package's two commands. It does not wait: acquire() says no.
async function original() {
  const redis = ioredisClient();
  const compareAndDelete =
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";
  return (name) => {
    const token = randomUUID();
    return {
      acquire: async () => {
        if ((await redis.set(name, token, 'PX', TTL_MS, 'NX')) !== 'OK') throw new Error('not free');
      },
      release: () => redis.eval(compareAndDelete, 1, name, token),
    };
  };
}

async function redlock() {
  const Redlock = require('redlock');
  const locker = new Redlock([ioredisClient()], { retryCount: -1 });
  return (name) => {
    let held;
    return {
      acquire: async () => { held = await locker.lock(name, TTL_MS); },
      release: () => held.unlock(),
    };
  };
}

async function redisSemaphore() {
  const { Mutex } = require('redis-semaphore');
  const redis = ioredisClient();
  return (name) => {
    const mutex = new Mutex(redis, name, { lockTimeout: TTL_MS, acquireTimeout: TTL_MS });
    return { acquire: () => mutex.acquire(), release: () => mutex.release() };
  };
}

async function simpleRedisMutex() {
  const { lock } = require('simple-redis-mutex');
  const redis = await require('redis').createClient({ socket: { host: '127.0.0.1', port } }).connect();
  return (name) => {
    let release;
    return {
      acquire: async () => { release = await lock(redis, name, { timeout: TTL_MS }); },
      release: () => release(),
    };
  };
}

function ioredisClient() {
  const { Redis } = require('ioredis');
  return new Redis({ host: '127.0.0.1', port: Number(port) });
}

const makers = { original, redlock, 'redis-semaphore': redisSemaphore, 'simple-redis-mutex': simpleRedisMutex };

const now = () => process.hrtime.bigint(); // CLOCK_MONOTONIC, the same for all processes
const nanoseconds = (ms) => BigInt(Math.round(ms * 1e6));

async function loop(lock, end, took) {
  let pairs = 0;
  for (let began = now(); began < end;) {
    await lock.acquire();
    await lock.release();
    pairs += 1;
    const ended = now();
    took?.push(Number(ended - began) / 1e3);
    began = ended;
  }
  return pairs;
}

function median(values) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor(sorted.length / 2)];
}

// So many lockers, each on a lock of its own.
async function pairs(makeLock, count, ms) {
  const locks = Array.from({ length: count }, (_, i) => makeLock(`peers:pairs:${i}`));
  const took = count === 1 ? [] : undefined;
  const began = now();
  const cpuBefore = process.cpuUsage();
  const counts = await Promise.all(locks.map((lock) => loop(lock, began + nanoseconds(ms), took)));
  const cpu = process.cpuUsage(cpuBefore);
  const done = counts.reduce((sum, each) => sum + each, 0);
  return {
    pairs: done,
    pairs_per_s: done / (Number(now() - began) / 1e9),
    client_cpu_us: (cpu.user + cpu.system) / done,
    p50_us: took ? median(took) : null,
  };
}

async function main() {
  const makeLock = await makers[library]();
  const shared = makeLock('peers:shared');
  const answers = {
    pairs: ([count, ms]) => pairs(makeLock, Number(count), Number(ms)),
    acquire: async () => {
      await shared.acquire();
      return { at_ns: Number(now()) };
    },
    release: async () => {
      const at = Number(now());
      await shared.release();
      return { at_ns: at };
    },
  };
  const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
  say({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    const [verb, ...words] = line.split(' ');
    say(await answers[verb](words));
  }
  process.exit(0);
}

main().catch((error) => {
  process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`, () => process.exit(1));
});
