"""Routes of the page: one HTML file under every address that people see, and its modules."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

PAGE = Path(__file__).parent.parent / "page"
"""The page's files."""

router = APIRouter(include_in_schema=False)


@router.get("/")
@router.get("/sessions/{session_id}")
@router.get("/grids/{grid_id}")
def get_page() -> FileResponse:
    """Get the page; it finds out from its address what to show."""
    return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})


def static_files() -> StaticFiles:
    """Make the application that serves the page's modules, styles and pictures."""
    return StaticFiles(directory=PAGE)
