"""Writing a file all or nothing: beside it first, then in its place."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path


def write_whole(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Write a file whole, or leave what was there; text is UTF-8.

    What isn't a file, such as a pipe or a terminal, is written to as it is. Raises `OSError`
    that names `path`.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        _write(Path(path), data)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def _write(path: Path, data: bytes) -> None:
    path = Path(os.path.realpath(path))  # through a link, to the file that it names
    mode = path.stat().st_mode if path.exists() else None
    if mode is not None and not stat.S_ISREG(mode):
        path.write_bytes(data)
        return
    if mode is not None:
        os.close(os.open(path, os.O_WRONLY))  # what may not be written isn't replaced either
    beside = path.with_name(f".chainrule-{os.getpid()}.part")
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            beside.chmod(stat.S_IMODE(mode))
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
