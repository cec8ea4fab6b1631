"""Finds what can be changed in a C++ file: comparisons, connectives, sums, conditions, constants and
statements. Each site is an edit of the text that a switch turns on; NUMBER in it stands for the
number of the mutant.

Needs python3-clang-14 (scripts/set-up mutants).
"""

import re
from dataclasses import dataclass
from pathlib import Path

from clang.cindex import CursorKind, Index, TokenKind

NUMBER = "@NUMBER@"
IS_ON = f"::mutant_switch::is_on({NUMBER})"
SWAPPED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||",
           "||": "&&", "+": "-", "-": "+"}
# Of instants and durations: that the bound itself belongs to the other side is seldom a fault.
SWAPPED_OF_A_CLASS = SWAPPED | {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
STATEMENTS = {CursorKind.CALL_EXPR, CursorKind.BINARY_OPERATOR, CursorKind.UNARY_OPERATOR,
              CursorKind.COMPOUND_ASSIGNMENT_OPERATOR, CursorKind.UNEXPOSED_EXPR}
# Types of constants that can be doubled.
COUNTABLE = re.compile(r"^const (unsigned )?(int|long|long long|short)$|^const std::chrono::duration")
LOOPS = {CursorKind.FOR_STMT, CursorKind.WHILE_STMT, CursorKind.CXX_FOR_RANGE_STMT}
# What a compiler must know when it compiles cannot be switched.
FIXED = {CursorKind.STATIC_ASSERT, CursorKind.TEMPLATE_NON_TYPE_PARAMETER,
         CursorKind.ENUM_CONSTANT_DECL, CursorKind.FIELD_DECL, CursorKind.PARM_DECL}


@dataclass(frozen=True)
class Site:
    path: Path  # below the root
    line: int
    begin: int  # these bytes of the file ...
    end: int
    text: str  # ... are replaced by this
    what: str

    def __str__(self):
        return f"{self.path}:{self.line} {self.what}"


def short(text):
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."


def switched(changed, was):
    return f"({IS_ON} ? ({changed}) : ({was}))"


class Finder:
    """Of one file."""

    def __init__(self, path, arguments, root):
        self.path, self.name = path, str(root / path)
        self.data = (root / path).read_bytes()
        unit = Index.create().parse(self.name, args=arguments)
        errors = [d for d in unit.diagnostics if d.severity >= 3]
        if errors:
            raise RuntimeError(f"{path} does not compile: {errors[0]}")
        self.sites = {}
        for cursor in unit.cursor.get_children():
            if cursor.location.file and cursor.location.file.name == self.name:
                self.visit(cursor, is_code=False)

    def text(self, extent):
        return self.data[extent.start.offset:extent.end.offset].decode()

    def is_here(self, extent):
        """In this file, and not out of a macro."""
        ends = (extent.start, extent.end)
        return (all(end.file and end.file.name == self.name for end in ends) and
                extent.start.offset < extent.end.offset)

    def add(self, extent, text, what):
        if self.is_here(extent) and "//" not in self.text(extent):
            begin, end = extent.start.offset, extent.end.offset
            self.sites[(begin, end, what)] = Site(
                self.path, extent.start.line, begin, end, text, what)

    def line_of(self, cursor):
        return short(self.data.split(b"\n")[cursor.extent.start.line - 1].decode())

    def visit(self, cursor, is_code):
        kind, children = cursor.kind, list(cursor.get_children())
        if kind in FIXED:
            return
        if kind is CursorKind.CASE_STMT:
            children = children[1:]
        is_code = is_code or kind is CursorKind.COMPOUND_STMT
        if is_code:
            self.look_at(cursor, children)
        for child in children:
            self.visit(child, is_code)

    def look_at(self, cursor, children):
        kind, was = cursor.kind, self.text(cursor.extent) if self.is_here(cursor.extent) else ""
        if kind in (CursorKind.BINARY_OPERATOR, CursorKind.CALL_EXPR):
            self.operator_of(cursor, children)
        elif kind is CursorKind.INTEGER_LITERAL and was.isdigit():
            self.add(cursor.extent, switched(int(was) + 1, was),
                     f"{was} -> {int(was) + 1} in {self.line_of(cursor)}")
        elif kind is CursorKind.CXX_BOOL_LITERAL_EXPR and was in ("true", "false"):
            other = "false" if was == "true" else "true"
            self.add(cursor.extent, switched(other, was),
                     f"{was} -> {other} in {self.line_of(cursor)}")
        elif kind is CursorKind.DECL_REF_EXPR and was:
            self.use_of(cursor)
        elif kind is CursorKind.CONDITIONAL_OPERATOR:
            self.negate(children[0])
        elif kind is CursorKind.IF_STMT and self.is_plain_if(cursor, children[0]):
            self.negate(children[0])
            self.statements(children[1:])
        elif kind in LOOPS:
            self.statements(children[-1:])
        elif kind is CursorKind.COMPOUND_STMT:
            self.statements(children)

    def operator_of(self, cursor, children):
        """Built in, or of a class: then the operator is a child too."""
        sides = [c for c in children if not c.spelling.startswith("operator") or c.extent.end.offset
                 - c.extent.start.offset > 3]
        if len(sides) != 2 or not all(self.is_here(c.extent) for c in (cursor, *sides)):
            return
        left, right = sorted((c.extent for c in sides), key=lambda e: e.start.offset)
        if left.start.offset != cursor.extent.start.offset:
            return
        sign = self.data[left.end.offset:right.start.offset].decode().strip()
        is_text = "basic_string" in cursor.type.get_canonical().spelling
        if sign in SWAPPED and not is_text:
            swapped = SWAPPED if cursor.kind is CursorKind.BINARY_OPERATOR else SWAPPED_OF_A_CLASS
            was, other = self.text(cursor.extent), swapped[sign]
            changed = f"({self.text(left)}) {other} ({self.text(right)})"
            self.add(cursor.extent, switched(changed, was), f"{short(was)}: {sign} -> {other}")

    def negate(self, condition):
        was = self.text(condition.extent)
        self.add(condition.extent, f"({IS_ON} ? !({was}) : static_cast<bool>({was}))",
                 f"{short(was)}: negated")

    def is_plain_if(self, cursor, condition):
        """Without a declaration in front of the condition, and not constexpr."""
        head = self.data[cursor.extent.start.offset:condition.extent.start.offset].decode()
        return condition.kind.is_expression() and "".join(head.split()) == "if("

    def statements(self, cursors):
        for cursor in cursors:
            end = self.data.find(b";", cursor.extent.end.offset)
            rest = self.data[cursor.extent.end.offset:end].strip()
            if cursor.kind not in STATEMENTS or not self.is_here(cursor.extent) or end < 0 or rest:
                continue
            begin, was = cursor.extent.start.offset, self.text(cursor.extent)
            if not was.startswith(("assert", "EXPECT", "ASSERT")):
                self.sites[(begin, end + 1, "dropped")] = Site(
                    self.path, cursor.extent.start.line, begin, end + 1,
                    f"{{ if (!{IS_ON}) {{ {was}; }} }}", f"{short(was)}: dropped")

    def use_of(self, cursor):
        """Of a constexpr number: where it is used it can be twice as large."""
        constant = cursor.referenced
        if constant is None or constant.kind is not CursorKind.VAR_DECL:
            return
        tokens = list(constant.get_tokens())
        number = next((t.spelling for t in tokens if t.kind is TokenKind.LITERAL), "")
        if "constexpr" not in [t.spelling for t in tokens[:4]] or not number[:1].isdigit():
            return
        if not COUNTABLE.search(constant.type.get_canonical().spelling):
            return
        was = self.text(cursor.extent)
        self.add(cursor.extent, switched(f"{was} * 2", was), f"{was}: twice as large")


def sites_of(path, arguments, root):
    """All of one file, by their place."""
    found = Finder(path, arguments, root).sites
    return [found[key] for key in sorted(found)]
