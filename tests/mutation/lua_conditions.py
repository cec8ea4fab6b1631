"""Finds every condition in a Lua text, and what it becomes when it is removed.

A condition is what stands behind `if`, `elseif` or `while`, and each operand of `and` and `or` that
decides about another one, wherever it stands. Removed it is `true` or `false`, whichever lets the
rest decide alone; a condition as a whole is forced both ways. A value (the last operand of
`a and b or c` outside a condition) is none.
"""

import re
from dataclasses import dataclass

TOKEN = re.compile(r"""(?P<space>\s+|--[^\n]*)
                     |(?P<string>'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")
                     |(?P<name>[A-Za-z_]\w*)
                     |(?P<number>\d+(?:\.\d+)?)
                     |(?P<sign>\.\.\.|\.\.|[=~<>]=|[-+*/%^#<>=(){}\[\];:,.])""", re.X)
STATEMENT = {"local", "if", "for", "return", "end", "else", "elseif", "while", "function", "until",
             "then", "do", "repeat", "break", "in"}
OPENERS, CLOSERS = {"(", "{", "["}, {")", "}", "]"}
COMPARISONS = {"==", "~=", "<", ">", "<=", ">="}
CONDITION_ENDS = {"if": "then", "elseif": "then", "while": "do"}


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    begin: int
    end: int


@dataclass(frozen=True)
class Mutant:
    """What stands at [begin, end) of the text is to be `forced`."""
    begin: int
    end: int
    forced: str


def tokens_of(text):
    tokens, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise ValueError(f"no Lua that is known here: {text[at:at + 20]!r}")
        if match.lastgroup != "space":
            tokens.append(Token(match.lastgroup, match[0], at, match.end()))
        at = match.end()
    return tokens


def ends_operand(token):
    return (token.kind in ("string", "number") or token.text in CLOSERS or token.text == "..." or
            (token.kind == "name" and token.text not in STATEMENT | {"and", "or", "not"}))


def is_call(tokens, opener):
    """Whether the bracket at that place belongs to a call, an index or a table."""
    return tokens[opener].text != "(" or (opener > 0 and ends_operand(tokens[opener - 1]))


def partner(tokens, at, step):
    """Of the bracket at that place, to the right (step 1) or to the left (-1)."""
    up, depth = (OPENERS, 0) if step == 1 else (CLOSERS, 0)
    while True:
        if tokens[at].text in OPENERS | CLOSERS:
            depth += 1 if tokens[at].text in up else -1
        if depth == 0:
            return at
        at += step


def expression_around(tokens, at, widen):
    """The first and the last token of the expression that the operator at `at` is part of; `widen`:
    the brackets around it are part of one, too."""
    first = at
    while first > 0:
        before = tokens[first - 1]
        if before.text in CLOSERS:
            first = partner(tokens, first - 1, -1)
        elif before.text in OPENERS:
            if not widen or is_call(tokens, first - 1):
                break
            return expression_around(tokens, first - 1, widen)
        elif before.text in STATEMENT | {"=", ",", ";"}:
            break
        else:
            first -= 1
    last = at
    while last + 1 < len(tokens):
        after = tokens[last + 1]
        starts = after.kind in ("name", "string", "number") or after.text == "{"
        if after.text in CLOSERS | STATEMENT | {",", ";"}:
            break
        if starts and after.text not in ("and", "or") and ends_operand(tokens[last]):
            break
        last = partner(tokens, last + 1, 1) if after.text in OPENERS else last + 1
    return first, last


class Conditions:
    def __init__(self, text):
        self.tokens = tokens_of(text)
        self.found = []
        self.seen = set()  # places of operators and keywords that belong to an expression found

    def find(self):
        for at, token in enumerate(self.tokens):
            if token.kind == "name" and token.text in CONDITION_ENDS:
                last = at
                while self.tokens[last + 1].text != CONDITION_ENDS[token.text]:
                    last += 1
                self.seen.add(at)
                self.force_whole(at + 1, last)
                self.mutate(at + 1, last, decides=True)
        for at, token in enumerate(self.tokens):
            for widen in (True, False):
                if token.kind == "name" and token.text in ("and", "or") and at not in self.seen:
                    self.mutate(*expression_around(self.tokens, at, widen), decides=False)
        unseen = [t.text for i, t in enumerate(self.tokens)
                  if i not in self.seen and t.kind == "name" and
                  t.text in CONDITION_ENDS.keys() | {"and", "or"}]
        if unseen:
            raise ValueError(f"not understood: {unseen}")
        return sorted(set(self.found), key=lambda m: (m.begin, m.end, m.forced))

    def force(self, first, last, forced):
        self.found.append(Mutant(self.tokens[first].begin, self.tokens[last].end, forced))

    def force_whole(self, first, last):
        self.force(first, last, "true")
        self.force(first, last, "false")

    def is_yes_or_no(self, first, last):
        """Whether it is `true` or `false`, as far as can be seen."""
        parts = [self.tokens[first]]
        at = first
        while at <= last:
            if self.tokens[at].text in OPENERS and is_call(self.tokens, at):
                at = partner(self.tokens, at, 1)
            parts.append(self.tokens[at])
            at += 1
        return parts[0].text == "not" or any(p.text in COMPARISONS for p in parts)

    def split(self, first, last, operator):
        parts, begin, at = [], first, first
        while at <= last:
            if self.tokens[at].text in OPENERS:
                at = partner(self.tokens, at, 1)
            elif self.tokens[at].text == operator:
                self.seen.add(at)
                parts.append((begin, at - 1))
                begin = at + 1
            at += 1
        return parts + [(begin, last)]

    def mutate(self, first, last, decides):
        """`decides`: nothing but whether it is true matters."""
        for operator, neutral in (("or", "false"), ("and", "true")):
            parts = self.split(first, last, operator)
            if len(parts) > 1:
                for part in parts:
                    is_last = part == parts[-1]
                    is_condition = decides or not is_last or self.is_yes_or_no(*part)
                    # What `or` gives is a value where nothing but the value matters.
                    if is_condition:
                        self.force(*part, neutral)
                    self.mutate(*part, decides or (operator == "and" and not is_last))
                return
        if self.tokens[first].text == "not":
            first += 1
        if self.tokens[first].text == "(" and partner(self.tokens, first, 1) == last:
            self.mutate(first + 1, last - 1, decides)


def conditions_of(text):
    return Conditions(text).find()
