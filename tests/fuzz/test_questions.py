"""Whatever the OpenAPI document says can be asked has an answer that it describes."""

from pathlib import Path

import pytest

from service.app import get_app
from service.database import Database
from service.settings import Settings
from tests.fuzz.questions import ask_everything
from tests.service.examples import RecordingQueue, make_token

pytestmark = pytest.mark.timeout(900)


def test_every_question_of_the_document_has_an_answer_that_it_describes(
    sqlite_url: str, tmp_path: Path
) -> None:
    given = Settings(data_dir=tmp_path, database_url=sqlite_url, max_requests_per_s=1e6)
    app = get_app(given, queue=RecordingQueue())
    database: Database = app.state.parts.database
    try:
        answers = ask_everything(app, make_token(database, "admin"))
    finally:
        database.close()

    assert answers.faults == []
    assert answers.number > 2000
