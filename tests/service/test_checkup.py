from pathlib import Path

from service.checkup import Health, check_data_folder, check_database, check_watch_folder
from service.checkup_events import check_events, probe_events
from service.database import migrate
from service.settings import Settings


def test_a_data_folder_that_is_not_there_yet_is_fine_where_it_can_be_made(tmp_path: Path) -> None:
    found = check_data_folder(tmp_path / "some" / "where")
    assert found.health is Health.OK
    assert "will be made" in found.detail
    assert list(tmp_path.iterdir()) == []


def test_a_data_folder_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert check_data_folder(tmp_path / "file" / "data").health is Health.FAILED


def test_a_database_is_at_this_version_or_says_which_it_is(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    before = check_database(settings)
    (tmp_path / "xcryonet.sqlite").touch()
    empty = check_database(settings)
    migrate(settings.url)
    after = check_database(settings)

    assert (before.health, empty.health, after.health) == (Health.OK, Health.FAILED, Health.OK)
    assert "not made yet" in before.detail
    assert "is at revision none" in empty.detail


def test_the_watched_folder_is_read_and_its_sessions_counted(tmp_path: Path) -> None:
    (tmp_path / "Supervisor_1").mkdir()
    (tmp_path / "other").mkdir()

    assert "1 session folder" in check_watch_folder(tmp_path).detail
    assert check_watch_folder(tmp_path / "gone").health is Health.FAILED
    empty = tmp_path / "empty"
    empty.mkdir()
    assert check_watch_folder(empty).health is Health.WARNING
    (empty / "Sample1").mkdir()
    assert "one session's folder" in check_watch_folder(empty).detail


def test_a_probe_leaves_nothing_behind(tmp_path: Path) -> None:
    assert check_events(tmp_path).health is Health.OK
    assert probe_events(tmp_path).health is Health.OK
    assert list(tmp_path.iterdir()) == []
