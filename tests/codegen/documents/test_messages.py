"""The words of documents: each key in each language, with the same slots, compiled and used."""

import ast
import io
import re
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from codegen.documents.messages import DOMAIN, LOCALE, Words
from codegen.documents.options import CHOICES
from codegen.documents.write import document
from derive import differentiate, load
from derive.catalogue import ACTIVATION, LAYER, LOSS
from derive.catalogue.meanings import every_meaning
from tests.oracles import MODELS
from tests.oracles.against_autograd import derivation_of

pytestmark = pytest.mark.sampled

SPECS = sorted(Path("generated").glob("*/*.toml"))
ROLES = (
    "input", "target", "parameter", "buffer", "constant", "hyperparameter", "random", "mode",
    "intermediate", "state",
)  # fmt: skip
# keys that are made of parts where they are asked for
MADE = (
    *(f"role_{role}" for role in ROLES),
    *(f"layout_{layout}" for layout in CHOICES["layout"]),
    "write in by",
    "put in by",
    "known sum by",
    "sum of 0 by",
)
PICTURES = {"a descent picture", "the network", "the unfolded", "any_objective", "role_seed"}
_SLOT = re.compile(r"\{(\w+)\}")


def catalogue(lang):
    with (LOCALE / lang / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        return read_po(file, locale=lang, abort_invalid=True)


def messages(lang):
    return {m.id: m.string for m in catalogue(lang) if m.id}


def kinks():
    entries = (*ACTIVATION.values(), *LAYER.values(), *LOSS.values())
    return {e.kink for e in entries if e.kink}


def types():
    """The keys of the names of layers."""
    return {f"type {name}" for name in (*LAYER, "equation")}


def meanings():
    """The keys of what the catalogue's tensors are."""
    return {f"meaning {part}" for text in every_meaning() for part in text.split(", ")}


def asked_for():
    """Keys that stand in the code as they are, where something is said."""
    for path in sorted(Path("codegen").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                own = isinstance(node.func, ast.Attribute) or "documents" in path.parts
                if name in ("say", "plain") and own and "documents" in path.parts:
                    yield from constants(node.args[0])


def constants(node):
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=yes, orelse=no):
            yield from (*constants(yes), *constants(no))


def written():
    """Every text that stands in the rooms that say something, or that name steps."""
    paths = (*Path("codegen/documents").rglob("*.py"), *Path("derive").rglob("*.py"))
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_every_key_has_a_message():
    found = set(asked_for())
    assert len(found) > 60
    rules = {
        s.rule
        for d in (
            *(differentiate(load(s)) for s in SPECS if s.stem in ("gru", "softmax", "factorise")),
            *(derivation_of(m) for m in MODELS[:40:5]),
        )
        for s in d.steps
        if s.kind != "chain"
    }
    assert len(rules) > 4
    for lang in CHOICES["lang"]:
        known = set(messages(lang))
        assert found | set(MADE) | rules <= known, lang


def test_no_message_is_without_use():
    used = {*written(), *MADE, *PICTURES}
    assert set(messages("en")) - used == set()
    assert set(messages("zh")) - used - kinks() - types() - meanings() == set()


def test_both_languages_say_the_same():
    english, chinese = messages("en"), messages("zh")
    assert set(english) == set(chinese) - kinks() - types() - meanings()
    for key, sentence in english.items():
        assert set(_SLOT.findall(sentence)) == set(_SLOT.findall(chinese[key])), key
        assert sentence and chinese[key], key


def test_every_kink_has_a_chinese_sentence():
    assert kinks() <= set(messages("zh"))


def test_every_meaning_has_a_chinese_word():
    assert meanings() <= set(messages("zh"))


@pytest.mark.parametrize("lang", CHOICES["lang"])
def test_the_compiled_catalogue_is_that_of_its_text(lang):
    written_ = io.BytesIO()
    write_mo(written_, catalogue(lang))
    written_.seek(0)
    wanted = GNUTranslations(written_)._catalog
    with (LOCALE / lang / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
        found = GNUTranslations(file)._catalog
    # the head names the day and Babel's version
    assert {k: v for k, v in found.items() if k} == {k: v for k, v in wanted.items() if k}
    assert len(found) > 100


def prose(text):
    """What is said outside of formulas, code, and the remarks with their sources."""
    body, _, _ = text.partition("\n## 备注")
    body = re.sub(r"!\[.*?\]\(.*?\)", " ", body)  # drawings say in symbols what they show
    body = re.sub(r"\$\$.*?\$\$", " ", body, flags=re.DOTALL)
    return re.sub(r"\$[^$]*\$|`[^`]*`", " ", body)


@pytest.mark.parametrize("spec", [pytest.param(s, id=s.stem) for s in SPECS if s.stem != "resnet"])
def test_a_chinese_document_has_no_english_sentence(spec):
    text = document(differentiate(load(spec)), format="md", lang="zh")
    for line in prose(text).splitlines():
        words = re.findall(r"[A-Za-z]{2,}", line)
        assert not re.search(r"[A-Za-z]{2,}( [A-Za-z]+){2,}", line), line
        assert len(words) <= 4, line
    assert len(re.findall("[\u4e00-\u9fff]", text)) > 150


def test_a_sentence_that_s_missing_is_the_same_in_every_language():
    for lang in CHOICES["lang"]:
        with pytest.raises(KeyError):
            Words(lang).plain("what nobody says")
        assert Words(lang).own("what nobody says") == "what nobody says"
