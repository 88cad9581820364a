import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import structlog

from service.cli import COMMANDS, main
from tests.needs import ROOT

pytestmark = pytest.mark.usefixtures("logging_as_before")

HEAVY = {"torch", "cv2", "fastapi", "sqlalchemy", "dbos", "httpx2", "scipy"}


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """Undo what a command does to the whole process."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def run_python(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def imported_by(words: list[str]) -> set[str]:
    """List the heavy packages that a command's --help imports."""
    code = (
        "import sys\nfrom service.cli import main\n"
        f"try:\n    main({words!r})\nexcept SystemExit:\n    pass\n"
        "print('loaded', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    return HEAVY & set(done.stdout.splitlines()[-1].split()[1:])


def test_every_command_is_there() -> None:
    assert [name for name, command in COMMANDS.items() if find_spec(command.module) is None] == []


def test_help_and_version_import_nothing_heavy() -> None:
    assert imported_by(["--help"]) == set()
    assert imported_by(["--version"]) == set()


def test_ingest_imports_neither_torch_nor_a_web_server_nor_a_database() -> None:
    assert not imported_by(["ingest", "--help"]) & {"torch", "fastapi", "sqlalchemy", "dbos"}


def test_the_web_process_imports_no_numerical_stack() -> None:
    assert not imported_by(["serve", "--help"]) & {"torch", "cv2"}


def test_a_missing_package_is_named_with_what_brings_it() -> None:
    done = run_python(
        "import sys; sys.modules['torch'] = None\n"
        "from service.cli import main\nsys.exit(main(['worker']))"
    )

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "xcryonet worker needs torch, which is not installed: pip install 'xcryonet[model,service]'"
    )


def test_no_command_prints_the_list_of_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    text = capsys.readouterr().err
    assert all(f"  {name} " in text for name in COMMANDS)
    assert text.isascii()


@pytest.mark.parametrize("words", [["nonsense"], ["run"], ["token", "create"], ["serve", "--x"]])
def test_wrong_use_ends_with_status_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2


def test_a_setting_that_is_not_acceptable_is_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--data", str(tmp_path), "--port", "70000"]) == 2
    assert "port: Input should be less than or equal to 65535" in capsys.readouterr().err


def test_a_database_that_was_never_migrated_is_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["token", "list", "--data", str(tmp_path)]) == 1
    assert "run `xcryonet migrate`" in capsys.readouterr().err


def test_a_database_that_does_not_answer_is_said_so_without_its_password(
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = f"postgresql+psycopg://me:secret@/screen?host={os.devnull}"
    assert main(["token", "list", "--database-url", url]) == 1
    said = capsys.readouterr().err
    assert "cannot reach the database" in said
    assert "secret" not in said


def test_tokens_are_made_listed_and_revoked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(tmp_path)]
    assert main(["migrate", *data]) == 0
    capsys.readouterr()

    assert main(["token", "create", "titan", "--scopes", "ingest", "read", *data]) == 0
    plain = capsys.readouterr().out.strip()
    assert main(["token", "list", "--json", *data]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert main(["token", "revoke", "titan", *data]) == 0
    assert main(["token", "revoke", "titan", *data]) == 1

    assert plain.startswith("xcn_")
    assert (listed["name"], listed["scopes"]) == ("titan", ["ingest", "read"])
    assert listed["revoked_at"] is None
    assert "no token named 'titan'" in capsys.readouterr().err


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    assert main(["migrate", "--data", str(tmp_path)]) == 0
    assert main(["migrate", "--data", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.glob("*.sqlite")} == {
        "xcryonet.sqlite",
        "xcryonet-jobs.sqlite",
    }


def test_an_unknown_grid_cannot_be_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(tmp_path)]
    main(["migrate", *data])
    assert main(["export", "Sample3", *data]) == 1
    assert "no grid 'Sample3'" in capsys.readouterr().err


def test_doctor_speaks_json_and_fails_when_something_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["doctor", "--json", "--data", str(tmp_path), "--watch", str(tmp_path / "gone")]

    assert main(words) == 1

    findings = json.loads(capsys.readouterr().out)
    by_name = {finding["name"]: finding["health"] for finding in findings}
    assert by_name["watch folder"] == "failed"
    assert by_name["python"] == "ok"
