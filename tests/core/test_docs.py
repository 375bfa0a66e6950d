"""The documents name what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
)
def test_files_and_folders_that_a_page_names_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:addon|flashvdm_core|tests|docs|builder|requirements)/[\w./-]*)`", text))
    linked = {link for link in re.findall(r"\]\(([^)#:]+)[^):]*\)", text) if "://" not in link}
    missing = [path for path in named if not (ROOT / path).exists()]
    missing += [path for path in linked if not ((ROOT / page).parent / path).exists()]
    assert missing == []


def test_commands_of_the_documents_name_modules_that_are_there() -> None:
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for module in re.findall(r"-m (flashvdm_core[\w.]*)", path.read_text(encoding="utf-8")):
            place = ROOT.joinpath(*module.rstrip(".").split("."))
            assert place.with_suffix(".py").is_file() or (place / "__main__.py").is_file(), f"{path.name}: {module}"
