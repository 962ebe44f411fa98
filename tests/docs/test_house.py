"""The drawing of the rooms is made from the imports as they are."""

import runpy
from pathlib import Path

HOUSE = runpy.run_path("docs/house.py")


def test_the_drawing_is_that_of_today():
    assert Path("docs/figures/house.svg").read_text(encoding="utf-8") == HOUSE["drawing"](), (
        "run `make drawing`"
    )


def test_every_room_has_a_floor():
    rooms = [room for floor in HOUSE["floors"]() for room in floor]
    folders = {
        f"{package}.{path.stem}"
        for package in ("derive", "codegen")
        for path in Path(package).iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").is_file()
    }
    assert sorted(rooms) == sorted(folders)


def test_every_room_has_a_row_in_what_is_where():
    page = Path("docs/how-it-works.md").read_text(encoding="utf-8").split("### What is where")[1]
    folders = [
        str(path)
        for package in ("derive", "codegen")
        for path in sorted(Path(package).iterdir())
        if path.is_dir() and path.name != "__pycache__"
    ]
    assert [f for f in folders if f"`{f}/`" not in page] == []
