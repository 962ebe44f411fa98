"""The drawings of all nets, made once."""

import pytest

from codegen.documents.drawings import diagrams
from tests.codegen.documents.drawings.nets import NETS, read


@pytest.fixture(scope="session")
def drawings():
    return {name: diagrams.network(*read(source)) for name, source in NETS.items()}
