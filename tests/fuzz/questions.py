"""Ask the service whatever its OpenAPI document says can be asked, by schemathesis, in process."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import schemathesis
from fastapi import FastAPI
from schemathesis.engine import Status, from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished

CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance")


@dataclass
class Answers:
    """What came of all questions."""

    number: int = 0
    faults: list[str] = field(default_factory=list)


def ask_everything(app: FastAPI, token: str, *, seed: int = 1, random_each: int = 0) -> Answers:
    """Ask every operation for the limits, types and absences of each of its fields.

    Args:
        app: the web application.
        token: of a caller who may do everything.
        seed: decides what is asked at random.
        random_each: how much is asked at random besides, of each operation.
    """
    chosen = {
        "headers": {"Authorization": f"Bearer {token}"},
        "generation": {"database": "none", "max-examples": max(1, random_each)},
        "phases": {
            "examples": {"enabled": False},
            "stateful": {"enabled": False},
            "fuzzing": {"enabled": random_each > 0},
        },
        "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
        "request-timeout": 300,
        "seed": seed,
    }
    config = schemathesis.Config.from_dict(chosen)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=config)
    answers = Answers()
    for event in from_schema(schema).execute():
        if isinstance(event, ScenarioFinished):
            answers.number += len(event.recorder.interactions)
            answers.faults += _list_faults(event)
        elif isinstance(event, NonFatalError):
            answers.faults.append(f"{event.label}: {event.value}")
        elif isinstance(event, FatalError):
            answers.faults.append(str(event.exception))
    return answers


def _list_faults(event: ScenarioFinished) -> Sequence[str]:
    return [
        f"{event.recorder.label}: {check.failure_info.failure}: {check.failure_info.code_sample}"
        for checks in event.recorder.checks.values()
        for check in checks
        if check.status is Status.FAILURE and check.failure_info is not None
    ]
