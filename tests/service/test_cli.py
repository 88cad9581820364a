import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from service.cli import COMMANDS, main
from service.settings import Settings
from tests.needs import ROOT

pytestmark = pytest.mark.usefixtures("logging_as_before")

HEAVY = {"torch", "cv2", "fastapi", "sqlalchemy", "dbos", "httpx2", "scipy"}


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
    (tmp_path / "xcryonet.sqlite").touch()
    assert main(["token", "list", "--data", str(tmp_path)]) == 1
    assert "run `xcryonet migrate`" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["token", "list"], ["export", "Sample2"], ["serve"], ["worker"]])
def test_a_data_folder_that_is_mistyped_is_named_and_not_made(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--data", str(tmp_path / "dta")]) == 1
    assert f"no database at {tmp_path / 'dta' / 'xcryonet.sqlite'}" in capsys.readouterr().err
    assert not (tmp_path / "dta").exists()


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("DATABASE_URL", "foo", "database_url: Value error, expected postgresql+psycopg://"),
        ("DATABASE_URL", "mysteriousql://u:secret@h/d", "found mysteriousql"),
        ("DATABASE_URL", "mysql://u:secret@h/d", "sqlite:///FILE, found mysql"),
        ("DATABASE_URL", "postgresql+asyncpg://u:secret@h/d", "found postgresql+asyncpg"),
        ("DATABASE_URL", "postgresql://u:secret@h:abc/d", "found another form"),
        ("LOG_LEVEL", "loud", "log_level: Input should be 'DEBUG', 'INFO'"),
        ("DEVICE", "gpu", "device: Input should be 'auto', 'cpu' or 'cuda'"),
        ("PORT", "0", "port: Input should be greater than or equal to 1"),
    ],
)
def test_a_variable_that_is_not_acceptable_is_named(
    name: str,
    value: str,
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(f"XCRYONET_{name}", value)
    assert main(["serve"]) == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert "secret" not in said


def test_hosts_are_a_list_with_commas_and_postgres_own_address_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XCRYONET_ALLOWED_HOSTS", "titan, titan.local")
    monkeypatch.setenv("XCRYONET_DATABASE_URL", "postgres://u@h/d")
    settings = Settings()
    assert settings.allowed_hosts == ("titan", "titan.local")
    assert settings.url.drivername == "postgresql+psycopg"
    monkeypatch.setenv("XCRYONET_ALLOWED_HOSTS", '["titan"]')
    assert Settings().allowed_hosts == ("titan",)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--url", "http://127.0.0.1:1"], "expected a token in XCRYONET_TOKEN or --token"),
        (["--token", "t", "--url", "foo"], "expected http://host or https://host, found 'foo'"),
        (["--url", "http://h"], "expected a token"),
    ],
)
def test_an_ingest_that_could_never_deliver_does_not_start(
    tmp_path: Path,
    words: list[str],
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("XCRYONET_TOKEN", raising=False)
    assert main(["ingest", "--watch", str(tmp_path), *words]) == 2
    assert complaint in capsys.readouterr().err


def test_what_no_restart_would_cure_is_refused_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    watch, data = tmp_path / "epu", tmp_path / "data"
    watch.mkdir()
    (tmp_path / "w.safetensors").touch()
    run = ["run", "--watch", str(watch), "--data", str(data)]
    assert main([*run, "--weights", str(tmp_path / "w.safetensors")]) == 2
    assert f"expected {tmp_path / 'w.json'}, found no file" in capsys.readouterr().err
    data.touch()
    assert main(run) == 1
    assert f"--data {data}: File exists" in capsys.readouterr().err
    assert main(["demo", "--no-browser", "--speed", "0"]) == 2
    assert "--speed: expected more than 0, found 0.0" in capsys.readouterr().err


def test_an_export_that_cannot_be_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(tmp_path)]
    main(["migrate", *data])
    capsys.readouterr()
    assert main(["export", "Sample3", "--min-overall", "9", *data]) == 2
    assert "--min-overall: Input should be less than or equal to 4" in capsys.readouterr().err


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


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["token", "create", "--scopes", "read", "ann"], "expected scopes among read, label,"),
        (["token", "create", ""], "name: expected 1 to 128 characters, found ''"),
        (["token", "create", " "], "name: expected 1 to 128 characters, found ' '"),
        (["token", "create", 129 * "x"], "expected 1 to 128 characters, found 'xxx"),
        (["export", "Sample2", "--format", "xls"], "choose from 'csv'"),
        (["screen", "x.mrc", "--pixel-nm", "-3"], "expected 10 to 10000 nm, found -3"),
    ],
)
def test_a_word_that_is_none_is_answered_with_those_that_are(
    words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(words)
    assert complaint in capsys.readouterr().err


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    assert main(["migrate", "--data", str(tmp_path)]) == 0
    assert main(["migrate", "--data", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.glob("*.sqlite")} == {
        "xcryonet.sqlite",
        "xcryonet-jobs.sqlite",
    }


@pytest.mark.parametrize("grid", ["Sample3", "Sample99999999999999999999", "Sample" + 5000 * "9"])
def test_an_unknown_grid_cannot_be_exported(
    tmp_path: Path, grid: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(tmp_path)]
    main(["migrate", *data])
    capsys.readouterr()
    assert main(["export", grid, *data]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert f"no grid {grid!r}: expected" in said


def test_doctor_speaks_json_and_fails_when_something_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["doctor", "--json", "--data", str(tmp_path), "--watch", str(tmp_path / "gone")]

    assert main(words) == 1

    findings = json.loads(capsys.readouterr().out)
    by_name = {finding["name"]: finding["health"] for finding in findings}
    assert by_name["watch folder"] == "failed"
    assert by_name["python"] == "ok"
