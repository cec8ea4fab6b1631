#!/usr/bin/env python3
"""Who may include whom. modules.py ROOT prints every #include that breaks the rules, exit code 1 if any.

A file belongs to the module whose folder it is in, at any depth unless the module is a flat one.
RULES says, for each module, which other modules
and which libraries it may include; everything else is a breach: an unknown module, an unknown library, a
cycle, a folder whose name says nothing. A new module needs a line here and in ARCHITECTURE.md.
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

# What the header of a library begins with. Standard headers have neither a slash nor a dot.
LIBRARIES = {
    "asio": ("boost/asio",),
    "json": ("boost/json",),
    "container": ("boost/container",),
    "boost-redis": ("boost/redis",),
    "boost-system": ("boost/system",),
    "openssl": ("openssl/",),
    "sqlite": ("sqlite3.h",),
    "spdlog": ("spdlog/",),
    "cli11": ("CLI/",),
    "gtest": ("gtest/",),
}
# Core is pure: no clock to read, no thread, no chance, no file (durations and time points are values).
IMPURE = {"thread", "mutex", "shared_mutex", "condition_variable", "future", "semaphore", "latch",
          "barrier", "random", "fstream", "iostream", "filesystem", "ctime"}


@dataclass(frozen=True)
class Rule:
    modules: tuple = ()
    libraries: tuple = ()
    system: bool = True  # headers of the operating system, such as <unistd.h>
    pure: bool = False
    flat: bool = False  # the files directly in the folder, not those of folders below


RULES = {
    "include": Rule((), ("spdlog",), system=False),
    # The only public header with Boost, and its inside (docs/decisions/0009); no other one
    # may include them.
    "include/exclusive_lock/async.hpp": Rule(
        ("include", "include/exclusive_lock/async_call.hpp",
         "include/exclusive_lock/async_once.hpp", "include/exclusive_lock/with_lock.hpp"),
        ("asio", "boost-system"), system=False),
    "include/exclusive_lock/async_once.hpp": Rule(
        ("include", "include/exclusive_lock/async_call.hpp",
         "include/exclusive_lock/with_lock.hpp"), ("asio", "boost-system"), system=False),
    "include/exclusive_lock/with_lock.hpp": Rule(
        ("include", "include/exclusive_lock/async_call.hpp"), ("asio", "boost-system"),
        system=False),
    "include/exclusive_lock/async_call.hpp": Rule(
        ("include",), ("asio", "boost-system"), system=False),
    "src/core": Rule(("include",), ("json", "container", "boost-system"), system=False, pure=True),
    # Pieces of the operating system: descriptors, clocks, the process, threads.
    "src/os": Rule(("include",)),
    # The store interface: files directly in src/stores.
    "src/stores": Rule(("include", "src/core", "src/os"), ("boost-system",), system=False,
                       flat=True),
    "src/stores/memory": Rule(("include", "src/core", "src/os", "src/stores")),
    "src/stores/local": Rule(("include", "src/core", "src/os", "src/stores"), ("sqlite", "spdlog")),
    "src/stores/redis": Rule(
        ("include", "src/core", "src/os", "src/stores"),
        ("asio", "boost-redis", "boost-system", "container", "openssl", "spdlog")),
    "src/runtime": Rule(("include", "src/core", "src/os", "src/stores"), ("container", "spdlog")),
    "src/fencing": Rule(("include",)),
    # What a store URL says, and then connect.cpp: the only file that names all stores.
    "src/connect": Rule(("include", "src/core", "src/os")),
    "src/connect.cpp": Rule(
        ("include", "src/core", "src/connect", "src/os", "src/runtime", "src/stores",
         "src/stores/memory",
         "src/stores/local", "src/stores/redis"), ("spdlog",)),
    "src/boost": Rule((), ("asio", "json", "boost-redis")),
    # Of the library the public headers only, which shows that they suffice.
    "src/cli": Rule(("include", "src/os"), ("cli11", "spdlog")),
    # The product's core and runtime and its specification of a store, under simulated time.
    "sim": Rule(("include", "src/core", "src/os", "src/runtime", "src/stores",
                 "src/stores/memory"),
                ("cli11", "gtest"), system=False),
    "examples": Rule(("include",), ("spdlog",)),
    "examples/in_a_coroutine.cpp": Rule(("include", "include/exclusive_lock/async.hpp"),
                                        ("asio",)),
}
# Rooms in layers: a .cpp includes nothing that needs its own header. Headers of include/ belong to the
# .cpp of that name. Files with another name that are a part of one all the same:
LAYERED = ("src/runtime",)
PARTS = {"lock_handle_acquiring": "lock_handle", "lock_handle_refreshing": "lock_handle",
         "lock_handle_reports": "lock_handle", "lock_parts": "exclusive_lock",
         "connection": "engine"}
# Names under which things that have nothing to do with each other end up together.
NAMELESS = {"utils", "util", "common", "helpers", "helper", "misc"}
SCANNED = ("include", "src", "sim", "examples")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


@dataclass
class Source:
    path: str
    includes: list = field(default_factory=list)  # (line number, '<' or '"', target)


def room_of(path):
    parts = path.split("/")
    for length in range(len(parts), 0, -1):
        candidate = "/".join(parts[:length])
        if candidate in RULES:
            below = len(parts) - length
            return None if RULES[candidate].flat and below > 1 else candidate
    return None


def library_of(header):
    for name, prefixes in LIBRARIES.items():
        if header.startswith(prefixes):
            return name
    return None


def read_sources(root):
    sources = {}
    for folder in SCANNED:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".hpp", ".cpp"):
                continue
            source = Source(path.relative_to(root).as_posix())
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if match := INCLUDE.match(line):
                    source.includes.append((number, match[1], match[2]))
            sources[source.path] = source
    return sources


def generated_headers(root):
    """Headers made at build time, as though they lay beside the CMakeLists.txt that makes them."""
    found = {}
    for lists in sorted((root / "src").rglob("CMakeLists.txt")):
        folder = lists.parent.relative_to(root).as_posix()
        for name in re.findall(r"^\s*HEADER\s+(\S+)", lists.read_text(encoding="utf-8"), re.M):
            found[name] = f"{folder}/{name}"
    return found


def resolve(source, header, sources, generated):
    """The path in the project that an include means, or None."""
    beside = f"{source.path.rsplit('/', 1)[0]}/{header}"
    for candidate in (beside, f"include/{header}", f"src/{header}", header):
        if candidate in sources:
            return candidate
    return generated.get(header)


def breach_of_library(rule, header):
    if "/" not in header and "." not in header:
        return "which is not pure" if rule.pure and header in IMPURE else None
    library = library_of(header)
    if library is not None:
        return None if library in rule.libraries else f"which belongs to {library}"
    if header.startswith("boost/"):
        return "a part of Boost that no rule knows"
    return None if rule.system else "a header of the operating system"


def find_breaches(root):
    sources = read_sources(root)
    generated = generated_headers(root)
    breaches = []
    edges = {path: [] for path in sources}
    for source in sources.values():
        module = room_of(source.path)
        if module is None:
            breaches.append(f"{source.path}: in no known module")
            continue
        for part in source.path.split("/"):
            if part.removesuffix(".hpp").removesuffix(".cpp") in NAMELESS:
                breaches.append(f"{source.path}: '{part}' names no concept")
        for number, bracket, header in source.includes:
            where = f"{source.path}:{number}: {module} must not include {header}"
            target = resolve(source, header, sources, generated)
            if target is not None:
                edges[source.path].append(target)
                other = room_of(target)
                if other != module and other not in RULES[module].modules:
                    breaches.append(f"{where}, which belongs to {other}")
            elif bracket == '"':
                breaches.append(f"{source.path}:{number}: there is no {header} in the project")
            elif problem := breach_of_library(RULES[module], header):
                breaches.append(f"{where}, {problem}")
    return breaches + find_cycles(edges) + [
        cycle for room in LAYERED for cycle in find_cycles(edges_of_layers(room, edges))]


def edges_of_layers(room, edges):
    def layer(path):
        stem = Path(path).stem
        return PARTS.get(stem, stem)

    own = {layer(path) for path in edges if room_of(path) == room}
    layers = {name: [] for name in own}
    for path, targets in edges.items():
        if room_of(path) == room:
            layers[layer(path)] += [layer(target) for target in targets
                                    if room_of(target) in (room, "include")
                                    and layer(target) in own and layer(target) != layer(path)]
    return layers


def find_cycles(edges):
    done, cycles = set(), []

    def visit(path, trail):
        if path in trail:
            cycles.append("cycle: " + " -> ".join(trail[trail.index(path):] + [path]))
        elif path not in done:
            for target in edges.get(path, ()):
                visit(target, trail + [path])
            done.add(path)

    for path in edges:
        visit(path, [])
    return cycles


def main():
    root = Path(sys.argv[1])
    if not read_sources(root):
        sys.exit(f"{root}: no sources found")
    breaches = find_breaches(root)
    print("\n".join(breaches) if breaches else "every include stays inside the rules")
    sys.exit(1 if breaches else 0)


if __name__ == "__main__":
    main()
