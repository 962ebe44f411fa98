"""What a page shows beside what is so: `...` stands for any lines, digits beyond six are free."""

import re

import numpy as np

_NUMBER = re.compile(r"(?<![\w.])\d+\.\d+(?:e[-+]?\d+)?")


def within(wanted, lines):
    """Whether lines stand together in a text, at any depth; `...` skips some."""
    have = [line.strip() for line in lines]
    chunks = "\n".join(line.strip() for line in wanted).strip().split("\n...\n")
    at = 0
    for chunk in chunks:
        rows = chunk.split("\n")
        places = [k for k in range(at, len(have)) if have[k : k + len(rows)] == rows]
        if not places:
            return f"the module has no such lines:\n{chunk}"
        at = places[0] + len(rows)
    return None


def differs(found, shown):
    """What is printed beside what is shown; None where they agree."""
    pattern = [s.rstrip() for s in shown]
    while pattern and not pattern[-1]:
        pattern.pop()
    lines = [s.rstrip() for s in found]
    while lines and not lines[-1]:
        lines.pop()
    if _matches(lines, pattern):
        return None
    return "shown:\n" + "\n".join(pattern) + "\n\nfound:\n" + "\n".join(lines)


def _matches(lines, pattern):
    if not pattern:
        return not lines
    if pattern[0].strip() == "...":
        return any(_matches(lines[k:], pattern[1:]) for k in range(len(lines) + 1))
    return bool(lines) and _same(lines[0], pattern[0]) and _matches(lines[1:], pattern[1:])


def _same(line, shown):
    if _NUMBER.sub("0", line) != _NUMBER.sub("0", shown):
        return False
    pairs = zip(_NUMBER.findall(line), _NUMBER.findall(shown), strict=True)
    return all(np.isclose(float(a), float(b), rtol=1e-6, atol=0) for a, b in pairs)
