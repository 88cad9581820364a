"""Route of the audit trail, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from service.access import AdminCaller
from service.queries.audit import list_audit
from service.schemas import AuditQuestion, EventAnswer, Page
from service.web import Reader, answer_json

router = APIRouter(tags=["audit"])


@router.get("/audit", response_model=Page[EventAnswer])
def list_audit_route(
    ask: Annotated[AuditQuestion, Query()], request: Request, db: Reader, _: AdminCaller
) -> Response:
    """List who changed what, the newest first."""
    return answer_json(request, list_audit(db, ask))
