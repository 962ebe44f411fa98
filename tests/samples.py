"""Samples by the thousand, by hand: `python -m tests.samples KIND FIRST LAST`.

Seeds that fail are printed; each becomes a row of a test. The suite takes the first few hundred of
each kind; the generators, and what has to hold, are its own. Here a sample has 10 seconds of this
process and 1 GiB of memory.
"""

import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

SECONDS = 10
MEMORY = 2**30


class Late(BaseException):
    """More than a sample may take; nothing that catches exceptions catches it."""


def systems():
    """Random systems as modules, against autograd; with all axes of one length every third time."""
    from tests.codegen.targets.test_random import check, random_model

    return lambda seed: check(random_model(seed, alike=seed % 3 == 2))


def specs():
    """Specs with something deleted, odd or moved elsewhere."""
    from tests.derive.specs.test_mutated_specs import served_or_refused

    return served_or_refused


def answers():
    """Texts of formulas that are broken at random, in three languages."""
    from tests.derive.readers.test_fuzz_formulas import KINDS, broken, survives

    os.chdir(tempfile.mkdtemp())
    for kind in KINDS:  # what is imported at the first call isn't the text's doing
        kind.judge(kind.good)

    def judge(seed):
        for kind in KINDS:
            survives(kind, broken(kind.good, random.Random(f"{kind.ending} {seed}")))

    return judge


def files():
    """Model files that are spoiled."""
    from tests.codegen.targets.estimator.test_broken_files import spoil_and_load, whole_models

    folder = Path(tempfile.mkdtemp())
    models = whole_models(folder)
    return lambda seed: spoil_and_load(seed, models, folder / "m.npz")


KINDS = {"systems": systems, "specs": specs, "answers": answers, "files": files}


def main(kind, first, last):
    """Print a line for each seed that fails, and how it goes every hundred."""
    judge = KINDS[kind]()
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    signal.signal(signal.SIGVTALRM, _late)
    failed, begun = 0, time.time()
    for done, seed in enumerate(range(first, last), 1):
        if told := _failure(judge, seed):
            failed += 1
            print(seed, told, flush=True)
        if done % 100 == 0 or seed == last - 1:
            print(f"{done} done, {failed} failed, {time.time() - begun:.0f} s", flush=True)
    return bool(failed)


def _late(_signal, _frame):
    raise Late


def _failure(judge, seed):
    """What went wrong and where, on a line."""
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        judge(seed)
    except (Exception, Late) as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        words = " ".join(str(error).split())[:160]
        return f"{type(error).__name__} {words} ({Path(place.filename).name}:{place.lineno})"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
