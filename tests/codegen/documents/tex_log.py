"""What TeX complains of."""

import re


def complaints(log, most=10.0):
    """What TeX says of the content: boxes that are too full by more than `most`, and warnings."""
    found = [
        line
        for line in log.splitlines()
        if re.search("Warning|undefined|Missing|Underfull .vbox", line)
        and "Rerun" not in line
        and "Table widths have changed" not in line
    ]
    wide = re.findall(r"^Overfull .hbox \((\S+)pt too wide\).*", log, re.MULTILINE)
    return [*found, *(w for w in wide if float(w) > most)]
