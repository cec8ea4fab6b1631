"""Processes that measure starts: servers on free ports of 127.0.0.1, and the libraries' drivers.

Each is a context manager: what was started is killed, by its pid, at the end.
"""
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time


class Process:
    def __init__(self, command, **how):
        self.command = " ".join(str(word) for word in command)
        self.process = subprocess.Popen([str(word) for word in command], **how)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def give_up(self, why):
        sys.exit(f"measure: {self.command}: {why}")


class Driver(Process):
    """A library's process."""

    def __init__(self, command, environment):
        super().__init__(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                         bufsize=1)

    def say(self, line):
        self.process.stdin.write(line + "\n")

    def hear(self, limit=60):
        if not select.select([self.process.stdout], [], [], limit)[0]:
            self.give_up(f"no answer within {limit} s")
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": "it has ended without an answer"}
        if "error" in answer:
            self.give_up(answer["error"])
        return answer

    def ask(self, line, limit=60):
        self.say(line)
        return self.hear(limit)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server(Process):
    def __init__(self, command, port, folder):
        super().__init__(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.port = port
        self.folder = folder
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            if self.process.poll() is not None:
                self.give_up(f"it ended with {self.process.returncode}")
            time.sleep(0.05)
        self.__exit__()
        self.give_up("it did not listen within 10 s")

    def __exit__(self, *reason):
        super().__exit__(*reason)
        self.folder.cleanup()


class Redis(Server):
    def __init__(self, root):
        port, folder = free_port(), tempfile.TemporaryDirectory()
        super().__init__([root / "build/deps/servers/bin/redis-server", "--port", port, "--bind", "127.0.0.1",
                          "--save", "", "--dir", folder.name, "--maxclients", 10000], port, folder)
        self.url = f"redis://127.0.0.1:{port}"

    def cpu_us(self):
        """User and system time so far."""
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(b"INFO cpu\r\n")
            lines = connection.makefile("rb")
            size = int(lines.readline()[1:])
            fields = dict(line.split(":") for line in lines.read(size).decode().splitlines() if ":" in line)
        return (float(fields["used_cpu_user"]) + float(fields["used_cpu_sys"])) * 1e6

    def commands_per_second(self, seconds):
        """Of all clients, a script counting once (MONITOR)."""
        count = 0
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(b"MONITOR\r\n")
            end, rest = time.monotonic() + seconds, b""
            while (left := end - time.monotonic()) > 0:
                if not select.select([connection], [], [], left)[0]:
                    break
                *lines, rest = (rest + connection.recv(65536)).split(b"\n")
                # +1700000000.000000 [0 127.0.0.1:1234] "get" "key"; of a script: [0 lua]
                count += sum(1 for line in lines if b" [" in line and b" lua] " not in line)
        return count / seconds


class Etcd(Server):
    def __init__(self, program):
        port, peer_port, folder = free_port(), free_port(), tempfile.TemporaryDirectory()
        self.url = f"http://127.0.0.1:{port}"
        peer_url = f"http://127.0.0.1:{peer_port}"
        super().__init__([program, "--data-dir", folder.name, "--listen-client-urls", self.url,
                          "--advertise-client-urls", self.url, "--listen-peer-urls", peer_url,
                          "--initial-advertise-peer-urls", peer_url, "--initial-cluster", f"default={peer_url}"],
                         port, folder)


def run_ms(command):
    """How long a command takes from start to end."""
    began = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    took = (time.monotonic() - began) * 1e3
    if status != 0:
        sys.exit(f"measure: '{' '.join(command)}' ended with {status}")
    return took


def output_of(*command):
    return subprocess.run([str(word) for word in command], check=True, text=True, capture_output=True).stdout


def versions(root, installed):
    """Of what is measured, as far as it is there."""
    server = output_of(root / "build/deps/servers/bin/redis-server", "--version")
    words = ["redis " + server.split("v=")[1].split()[0]]
    if installed.node_modules.is_dir():
        locked = json.loads((installed.node_modules.parent / "package-lock.json").read_text(encoding="utf-8"))["packages"]
        words.append("node " + output_of("node", "--version").strip())
        words += [f"{name} {locked[f'node_modules/{name}']['version']}" for name in locked[""]["dependencies"]]
    if installed.debian.is_dir():
        words += ["python3-" + path.stem.replace("-", " ") for path in installed.python.glob("redis-*")]
        words.append("etcd " + output_of(installed.debian / "bin/etcdctl", "version").split()[2])
    return ", ".join(words)
