"""What the tests of the commands start from: the command run here, a spec in a file."""

import pytest

from codegen.cli import main
from tests.codegen.commands.running import TINY


@pytest.fixture
def run(capsys):
    """The command in this process: its exit code, its output, its errors."""

    def run(*arguments):
        capsys.readouterr()
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path
