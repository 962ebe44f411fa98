"""The words of documents: a message catalogue a language, `{slots}` filled with text or formulas.

The catalogues are gettext's (`codegen/locale/LANGUAGE/LC_MESSAGES/chainrule.po`), a message being
asked for by a key. English text of other packages, such as a layer's convention at a kink, is its
own key; English needs no entry for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from codegen.documents.blocks import Math, Ref, Text
from codegen.documents.options import CHOICES

LOCALE = Path(__file__).parent.parent / "locale"
DOMAIN = "chainrule"
_SLOT = re.compile(r"\{(\w+)\}")


class _Missing(NullTranslations):
    def gettext(self, message: str) -> str:
        raise KeyError(f"no message '{message}'")


@cache
def _catalogue(lang: str) -> GNUTranslations:
    if lang not in CHOICES["lang"]:
        raise ValueError(f"no such language: {lang!r}")
    with (LOCALE / lang / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
        result = GNUTranslations(file)
    result.add_fallback(_Missing())
    return result


class Words:
    """The messages of one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.catalogue = _catalogue(lang)

    def plain(self, key: str) -> str:
        """A message as it stands. Raises `KeyError` where there is none."""
        return self.catalogue.gettext(key)

    def own(self, text: str, kind: str = "") -> str:
        """English text of another package, in this language if there is a message for it.

        `kind` stands before the text in the message's key where the text is but a name.
        """
        try:
            return self.catalogue.gettext(f"{kind} {text}" if kind else text)
        except KeyError:
            return text

    def say(self, key: str, **slots: str | Math | Ref | Text) -> Text:
        """A message with its slots filled."""
        result: list[object] = []
        used: set[str] = set()
        for k, part in enumerate(_SLOT.split(self.plain(key))):
            if k % 2 == 0:
                result.extend([part] if part else [])
                continue
            value = slots[part]
            used.add(part)
            result.extend(value if isinstance(value, tuple) else (value,))
        if used != set(slots):
            raise ValueError(f"'{key}' has no use for {', '.join(sorted(set(slots) - used))}")
        return tuple(result)  # type: ignore[arg-type]

    def listed(self, items: Iterable[Math | Ref]) -> Text:
        """Formulas or references with commas between them."""
        comma = self.plain("comma")
        result: list[str | Math | Ref] = []
        for item in items:
            result.extend((comma, item) if result else (item,))
        return tuple(result)
