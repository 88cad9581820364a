"""The OpenAPI document: `python -m service.openapi docs/openapi.json` writes the committed copy."""

import json
import sys
from pathlib import Path

from service.app import get_app
from service.job_queue import NoQueue
from service.settings import Settings


def openapi_text() -> str:
    """Make the document of the REST interface, as it is committed."""
    app = get_app(Settings(), queue=NoQueue())
    return json.dumps(app.openapi(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(openapi_text(), encoding="utf-8")
