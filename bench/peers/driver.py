"""One process of Debian's python3-redis, for measure: driver.py PORT. Speaks as driver.js."""
import json
import sys
import threading
import time

import redis

TTL_S = 30


def make_lock(client, name):
    return client.lock(name, timeout=TTL_S, thread_local=False)


def loop(lock, end, took):
    pairs = 0
    began = time.monotonic()
    while began < end:
        lock.acquire()
        lock.release()
        pairs += 1
        ended = time.monotonic()
        took.append((ended - began) * 1e6)
        began = ended
    return pairs


def pairs(client, count, ms):
    """So many threads, each on a lock of its own."""
    locks = [make_lock(client, f"peers:pairs:{i}") for i in range(count)]
    counts, took = [], []
    began, cpu_before = time.monotonic(), time.process_time()
    end = began + ms / 1e3
    threads = [threading.Thread(target=lambda lock=lock: counts.append(loop(lock, end, took))) for lock in locks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed, cpu, done = time.monotonic() - began, time.process_time() - cpu_before, sum(counts)
    return {"pairs": done, "pairs_per_s": done / elapsed, "client_cpu_us": cpu * 1e6 / done,
            "p50_us": sorted(took)[len(took) // 2]}


def acquire(lock):
    lock.acquire()
    return {"at_ns": time.monotonic_ns()}


def release(lock):
    at_ns = time.monotonic_ns()
    lock.release()
    return {"at_ns": at_ns}


def main():
    client = redis.Redis(host="127.0.0.1", port=int(sys.argv[1]))
    shared = make_lock(client, "peers:shared")
    answers = {"pairs": lambda words: pairs(client, int(words[0]), float(words[1])),
               "acquire": lambda words: acquire(shared),
               "release": lambda words: release(shared)}
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        verb, *words = line.split()
        print(json.dumps(answers[verb](words)), flush=True)


main()
