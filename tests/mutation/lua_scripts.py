"""The Lua scripts as they are built into programs (cmake/embed_text_script.cmake), and with one
condition removed or one statement moved."""

import hashlib
import re
from dataclasses import dataclass

from lua_conditions import conditions_of

INCLUDE = re.compile(r"^-- @include (.+)\n", re.M)
COMMENT_LINE = re.compile(r"\n *--[^\n]*")
EMPTY_LINES = re.compile(r"\n\n+")
FOLDER = "src/stores/redis/scripts"
# By file: the statement, and the one that it is moved in front of. The order is what is tested.
MOVES = {
    "hand_over.lua": (
        ("  if channel ~= '' then\n    redis.pcall('PUBLISH', channel, owner)\n  end\n",
         "  redis.call('ZREM', queue, text, id, 'pass_count')\n"),
    ),
}
GUARD = "src/fencing/guarded_set.lua"  # which users of the library send to their servers


@dataclass(frozen=True)
class Site:
    path: object  # of the file
    line: int
    was: str
    forced: str
    text: str  # of the whole file, with the condition removed or the statement moved

    def __str__(self):
        return f"{self.path.name}:{self.line}: {' '.join(self.was.split())} -> {self.forced}"


def sha1_of(text):
    return hashlib.sha1(text.encode()).hexdigest()


class Scripts:
    def __init__(self, root):
        folder = root / FOLDER
        self.guard = root / GUARD
        self.mains = sorted(folder.glob("*.lua")) + [self.guard]
        self.shared = sorted((folder / "shared").glob("*.lua"))
        self.texts = {path: path.read_text(encoding="utf-8") for path in self.mains + self.shared}

    def sites(self):
        """Every condition and every move, in the order of files."""
        for path, text in self.texts.items():
            for statement, first in MOVES.get(path.name, ()):
                moved = text.replace(statement, "").replace(first, statement + first)
                yield Site(path, text.count("\n", 0, text.index(statement)) + 1, statement,
                           f"before {first.strip()}", moved)
            for mutant in conditions_of(text):
                yield Site(path, text.count("\n", 0, mutant.begin) + 1,
                           text[mutant.begin:mutant.end], mutant.forced,
                           text[:mutant.begin] + mutant.forced + text[mutant.end:])

    def built(self, main, changed=None):
        """As the build has it; with the text of one file changed."""
        texts = dict(self.texts)
        if changed:
            texts[changed.path] = changed.text
        text = INCLUDE.sub(lambda match: texts[main.parent / match[1]], texts[main])
        return EMPTY_LINES.sub("\n", COMMENT_LINE.sub("", "\n" + text))

    def changed_pairs(self, site):
        """For each script that the change is seen in: the text before, and after, equally long."""
        for main in self.mains:
            before, after = self.built(main), self.built(main, site)
            if before != after:
                yield before, as_long_as(before, after)


def as_long_as(before, after):
    """Indentation makes room, line breaks fill it."""
    size = len(before.encode())
    lines = after.split("\n")
    for i, line in enumerate(lines):
        missing = len("\n".join(lines).encode()) - size
        if missing <= 0:
            break
        indentation = len(line) - len(line.lstrip(" "))
        lines[i] = line[min(missing, indentation):]
    text = "\n".join(lines)
    missing = size - len(text.encode())
    if missing < 0:
        raise ValueError("a mutant that is too long")
    return text + "\n" * missing
