#!/usr/bin/env python3
"""Private words that have a standard term. words.py ROOT prints every place in include/ and src/ that
uses one, with the term to use instead; exit code 1 if there is any. The terms: docs/glossary.md.
"""

import re
import sys
from pathlib import Path

# A word, also as a part of an identifier, and the term to use. Both spellings of a case.
OLD_WORDS = {
    "guests?": "leader",
    "visitors?": "external event loop",
    "told": "notified, reported, said",
    "untold": "not notified",
    "bells?": "wake-up",
    "news": "readiness, event",
    "mend(ed|s)?": "fix, patch, repair",
    "nobody": "no holder, no caller",
    "somebody": "another holder, another process",
    "whoever": "the caller, the process that",
    "beats?": "heartbeat",
    "patience": "wait options, limit",
    "askers?": "requester",
    "calendars?": "planner",
    "streaks?": "pass count",
    "surroundings": "environment",
    "troubles?": "failure",
    "heed(ed|s)?": "on_notification",
    "nudged?": "wake-up",
}
# Only as whole identifiers or phrases.
OLD_PHRASES = {
    r"\b(most|longest)_[a-z]\w*": "max_x",
    r"\b(least|shortest)_[a-z]\w*": "min_x",
    r"\bhand(s|ed|ing)?[ _]in\b": "submit",
    r"\bof (ours|mine)\b": "our own",
    r"\bfor ever\b": "forever",
}
SUFFIXES = {".hpp", ".cpp", ".lua", ".sql", ".txt", ".in"}
SEGMENT = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def find_in_line(line):
    """Pairs of what stands there and the term to use."""
    found = []
    for segment in SEGMENT.findall(line):
        for word, term in OLD_WORDS.items():
            if re.fullmatch(word, segment, re.IGNORECASE):
                found.append((segment, term))
    for phrase, term in OLD_PHRASES.items():
        found += [(match.group(), term) for match in re.finditer(phrase, line)]
    return found


def find_old_words(root):
    """One line for each."""
    return [f"{path.relative_to(root)}:{number}: '{old}': use {term}"
            for folder in ("include", "src")
            for path in sorted((root / folder).rglob("*"))
            if path.suffix in SUFFIXES
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
            for old, term in find_in_line(line)]


if __name__ == "__main__":
    places = find_old_words(Path(sys.argv[1]))
    print("\n".join(places), end="\n" if places else "")
    sys.exit(1 if places else 0)
