"""The names of all faults, as the lists at the ends of tests/faults/*_faults.cpp have them (FaultKinds)."""

import re

FAULT_TEST = "Fault.IsSurvived"
LIST = re.compile(r"^FaultKinds \w+\(\) \{\s*return \{(.*?)\};", re.M | re.S)
KIND = re.compile(r'\{"(\w+)", \w+\}')


def read_fault_kinds(root):
    kinds = set()
    for path in sorted((root / "tests/faults").glob("*_faults.cpp")):
        for those in LIST.findall(path.read_text(encoding="utf-8")):
            kinds |= set(KIND.findall(those))
    return kinds
