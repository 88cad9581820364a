"""Facts that are written down twice must agree."""

import re
import subprocess
import tempfile
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ingest.settings import IngestSettings
from service.cli import COMMANDS
from service.settings import Settings
from tests.needs import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LARGEST_FILE_BYTES = 15_000_000


@pytest.fixture(scope="module")
def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_every_dependency_is_pinned_within_its_range(project: dict[str, object]) -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = {canonicalize_name(name): version for name, version in (s.split("==") for s in lines)}
    extras = project["optional-dependencies"].values()
    wanted = [Requirement(text) for group in (project["dependencies"], *extras) for text in group]
    ours = [requirement for requirement in wanted if requirement.name != project["name"]]

    wrong = [
        str(requirement)
        for requirement in ours
        if not requirement.specifier.contains(pins.get(canonicalize_name(requirement.name), "0"))
        or canonicalize_name(requirement.name) not in pins
    ]

    assert len(ours) > 20
    assert wrong == []


def test_the_changelog_has_this_version(project: dict[str, object]) -> None:
    assert str(project["version"]) in (ROOT / "CHANGELOG.md").read_text()


def test_every_command_of_the_command_line_has_a_module() -> None:
    assert [name for name, command in COMMANDS.items() if not _exists(command.module)] == []


def test_the_documents_name_only_commands_that_exist() -> None:
    named = {
        (page.name, word)
        for page in PAGES
        for word in re.findall(r"^(?:\$ )?(?:[\w./-]*/)?xcryonet ([a-z]+)", page.read_text(), re.M)
    }

    assert {word for _, word in named} <= set(COMMANDS), named


def test_the_documents_name_only_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    named = {word for page in PAGES for word in re.findall(r"\bmake ([a-z]+)\b`?", _code(page))}

    assert named
    assert named <= targets


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "install.md").read_text()
    names = [*Settings.model_fields, *IngestSettings.model_fields]

    missing = [name for name in names if f"`XCRYONET_{name.upper()}`" not in text]

    assert missing == []


def test_links_between_the_documents_lead_somewhere() -> None:
    targets = [
        (page, link)
        for page in PAGES
        for link in re.findall(r"\]\(([^)#]+)", page.read_text())
        if not link.startswith(("http://", "https://"))
    ]

    assert [(page.name, link) for page, link in targets if not (page.parent / link).exists()] == []


def test_no_tracked_file_names_a_folder_of_this_machine(tracked: list[Path]) -> None:
    # A folder that every machine has would be found in honest text.
    everywhere = {Path("/"), Path(tempfile.gettempdir())}
    folders = [f"{folder}/" for folder in {ROOT.parent} - everywhere] + [f"{Path.home()}/."]

    named = [path for path in tracked if any(f.encode() in path.read_bytes() for f in folders)]

    assert named == []


def test_what_installs_names_no_address() -> None:
    files = (
        "constraints.txt",
        "pyproject.toml",
        "Dockerfile",
        "docker-compose.yml",
        ".env.example",
    )

    assert [
        name for name in files if re.search(r"https?://(?!127\.0\.0\.1|web:)", _read(name))
    ] == []


def test_no_tracked_file_is_large(tracked: list[Path]) -> None:
    large = [path for path in tracked if path.stat().st_size > LARGEST_FILE_BYTES]

    assert large == []


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _read(name: str) -> str:
    return (ROOT / name).read_text()


def _code(page: Path) -> str:
    """Get a document's code: its indented or fenced blocks and what stands in backticks."""
    text = page.read_text()
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.S))
