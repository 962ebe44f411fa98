"""What the command says: text on standard output, one line for each problem on standard error."""

from __future__ import annotations

import errno
import os
import sys


def say(text: str) -> None:
    """Text as UTF-8 on standard output; once its reader has gone, nothing.

    Raises `OSError` where standard output is closed or full.
    """
    if sys.stdout is None:
        raise OSError(errno.EBADF, "it is closed", "standard output")
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode(errors="backslashreplace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        hush()
    except OSError as error:
        hush()
        raise OSError(error.errno, error.strerror, "standard output") from None


def hush() -> None:
    """Send standard output nowhere, so that nothing fails when Python closes it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def complain(kind: str, text: str) -> None:
    """One line on standard error."""
    if sys.stderr is not None:
        print(f"{kind}: {' '.join(text.split())}", file=sys.stderr)  # noqa: T201


def is_terminal() -> bool:
    """Whether somebody watches standard error."""
    return sys.stderr is not None and sys.stderr.isatty()
