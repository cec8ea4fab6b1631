#!/usr/bin/env python3
"""Are the documents short, and do their links lead somewhere? documents.py ROOT prints what is wrong.

- All *.md together have at most MAX_WORDS words. A word has a letter or a digit; code blocks do not count.
- Every link between files leads to a file that exists, and its anchor to a heading.
- Every source file that a page names in `code` exists.
- Every page in docs/ that a source names exists; docs/decisions/0008 stands for the page with that number.
- A line outside tables and code blocks is one sentence, or has at most MAX_COLUMNS columns.
- Every block of shell code is a script that bash can read.
"""

import re
import subprocess
import sys
from pathlib import Path

MAX_WORDS = 27_000
MAX_COLUMNS = 100
SOURCES = {".cpp", ".hpp", ".lua", ".sql", ".pml", ".py", ".sh", ".cmake", ".txt", ".yml", ".md", ""}
FOLDERS = ["src", "include", "tests", "sim", "model", "bench", "fuzz", "examples", "scripts", "cmake", ".ci", ".github"]

FENCE = re.compile(r"^ *```(\w*)")
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`[^`]*`")
NAMED_FILE = re.compile(r"`(?:\./)?([\w./-]+\.(?:hpp|cpp|lua|pml|py|sh|cmake))`")
ELSEWHERE = {"boost/asio/impl/src.hpp", "redis/lock.py"}  # files of others
HEADING = re.compile(r"^#+ +(.*)$", re.M)
MENTION = re.compile(r"\bdocs/[\w/.-]*\w")
LEAD = re.compile(r"^ *(?:- |\d+\. )?(?:\*\*[^*]*\*\*)?")  # of a list item or a paragraph
SENTENCE_END = re.compile(r"[.!?][)*\"]* +[\"(*\[]*[A-Z`]")


def documents_of(root):
    return [path for path in sorted(root.rglob("*.md"))
            if not {"build", ".git"} & set(path.relative_to(root).parts)]


def split(text):
    """The text without its code blocks, with as many lines, and the blocks as (language, code)."""
    prose, blocks, language, code = [], [], None, []
    for line in text.splitlines():
        fence = FENCE.match(line)
        if fence and language is None:
            language, code = fence[1], []
        elif fence:
            blocks.append((language, "\n".join(code)))
            language = None
        elif language is not None:
            code.append(line)
        is_code = fence or language is not None or line.startswith("    ")
        prose.append("" if is_code else line)
    return "\n".join(prose), blocks


def words_of(prose):
    return sum(bool(re.search(r"[A-Za-z0-9]", word)) for word in prose.split())


def anchors_of(text):
    """As GitHub makes them: lower case, spaces to dashes, no other punctuation."""
    headings = HEADING.findall(split(text)[0])
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def problems_of_links(root, path, prose):
    name = path.relative_to(root)
    for target in LINK.findall(CODE.sub("", prose)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        linked = (path.parent / file).resolve() if file else path
        if not linked.is_relative_to(root) or not linked.exists():
            yield f"{name}: there is no {target}"
        elif anchor and anchor not in anchors_of(linked.read_text(encoding="utf-8")):
            yield f"{name}: {target} has no such heading"


def problems_of_files(root, name, prose):
    for file in sorted(set(NAMED_FILE.findall(prose)) - ELSEWHERE):
        if not (root / file).exists() and not any(found for folder in FOLDERS
                                                  for found in (root / folder).glob(f"**/{file}")):
            yield f"{name}: there is no {file}"


def problems_of_lines(name, prose):
    for number, line in enumerate(prose.splitlines(), 1):
        plain = CODE.sub(lambda code: "`" + "x" * (len(code[0]) - 2) + "`", line)
        plain = LEAD.sub("", plain)
        if len(line) > MAX_COLUMNS and not line.startswith("|") and SENTENCE_END.search(plain):
            yield f"{name}:{number}: over {MAX_COLUMNS} columns, and more than one sentence"


def problems_of_blocks(name, blocks):
    for language, code in blocks:
        if language == "sh":
            bash = subprocess.run(["bash", "-n"], input=code, text=True, capture_output=True, check=False)
            if bash.returncode != 0:
                yield f"{name}: bash cannot read: {code.splitlines()[0]}"


def problems_of_mentions(root):
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in SOURCES or not path.is_file() or "corpus" in path.parts or path.name == "documents_test.py":
                continue
            for mention in sorted(set(MENTION.findall(path.read_text(encoding="utf-8", errors="ignore")))):
                if not any(root.glob(f"{mention}*")):
                    yield f"{path.relative_to(root)}: there is no {mention}"


def find_problems(root, max_words=MAX_WORDS):
    root = root.resolve()
    problems, words = [], 0
    for path in documents_of(root):
        name = path.relative_to(root)
        prose, blocks = split(path.read_text(encoding="utf-8"))
        words += words_of(prose)
        problems += problems_of_links(root, path, prose)
        problems += problems_of_files(root, name, prose)
        problems += problems_of_lines(name, prose)
        problems += problems_of_blocks(name, blocks)
    problems += problems_of_mentions(root)
    if words > max_words:
        problems.append(f"all documents have {words} words and not at most {max_words}")
    return problems


def main():
    problems = find_problems(Path(sys.argv[1]))
    print("\n".join(problems) if problems else "the documents are short, and their links lead somewhere")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
