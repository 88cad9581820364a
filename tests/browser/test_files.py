"""What the page is made of: vendored files as they were published, and nothing forgotten."""

import json
import re
from hashlib import sha256

from service.routes.page import PAGE

LEAST_CONTRAST = 4.5


def test_vendored_files_are_as_published_and_none_is_unaccounted_for() -> None:
    vendor = PAGE / "vendor"
    packages = json.loads((vendor / "VENDORED.json").read_text())["packages"]
    listed = {path: digest for package in packages for path, digest in package["sha256"].items()}

    found = {
        path.relative_to(vendor).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in vendor.rglob("*")
        if path.is_file() and path.name != "VENDORED.json"
    }

    assert found == listed
    assert all(package["licence"] and package["version"] for package in packages)
    folders = {path.split("/")[0] for path in listed}
    assert all(f"{folder}/LICENSE.txt" in listed for folder in folders)


def test_the_page_preloads_every_module_it_has() -> None:
    html = (PAGE / "index.html").read_text()
    preloaded = set(re.findall(r'modulepreload" href="/static/([^"]+)"', html))

    modules = {path.relative_to(PAGE).as_posix() for path in (PAGE / "js").rglob("*.js")}

    assert preloaded == modules - {"js/boot.js", "js/grid/tile_worker.js"}


def test_nothing_of_the_page_comes_from_elsewhere() -> None:
    ours = [path for path in PAGE.rglob("*") if path.suffix in (".js", ".css", ".html")]
    texts = {path: path.read_text() for path in ours if "vendor" not in path.parts}

    strangers = {
        str(path): found
        for path, text in texts.items()
        if (found := re.findall(r"https?://(?!www\.w3\.org/2000/svg)[^\s\"')]+", text))
    }

    assert strangers == {}


def test_no_module_makes_markup_of_text() -> None:
    dangerous = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(")

    found = {
        path.name for path in (PAGE / "js").rglob("*.js") if dangerous.search(path.read_text())
    }

    assert found == set()


def test_words_stand_out_from_every_ground() -> None:
    css = (PAGE / "css" / "base.css").read_text()
    colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", css))
    grounds = [colours[name] for name in ("ground", "surface", "raised", "pressed")]

    ratios = {
        (word, ground): contrast(colours[word], ground)
        for word in ("text", "muted", "good", "wait", "bad")
        for ground in grounds
    }

    assert {pair: ratio for pair, ratio in ratios.items() if ratio < LEAST_CONTRAST} == {}


def contrast(one: str, other: str) -> float:
    """Compute the contrast ratio of WCAG 2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """Compute the relative luminance of `#rrggbb`."""
    values = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
