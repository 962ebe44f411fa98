"""Two tiers: `make test` takes a third of the models and seeds, `make test-all` all of them.

A file or test that is marked `sampled` gives every third of its parameters to the first tier, every
sixth where there are very many, other ones for each test: what one leaves out the next one takes.
What is marked `slow` is left to the second tier. A test that is asked for by name runs in either.

A test that is marked `tex` is skipped where there is no pdflatex.
"""

import gc
import shutil
from collections import Counter
from zlib import crc32

import pytest

FEW = 6  # parameters: so many are no sample
MANY = 48  # parameters: of more a sixth is sample enough


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="the second tier: every model and seed")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--all") or any("::" in argument for argument in config.args):
        return
    size = Counter(map(_family, items))
    place = Counter()
    kept, left = [], []
    for item in items:
        family = _family(item)
        share = 6 if size[family] > MANY else 3
        turn = (place[family] + crc32(family[1].encode())) % share
        place[family] += 1
        sampled = item.get_closest_marker("sampled") and size[family] > FEW
        out = item.get_closest_marker("slow") or (sampled and turn)
        (left if out else kept).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept


def pytest_collection_finish():
    """What was imported and collected stays to the end: to look for garbage there takes a fifth."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 20)


def pytest_runtest_setup(item):
    if item.get_closest_marker("tex") and shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex here")


def _family(item):
    return item.path, getattr(item, "originalname", item.name)
