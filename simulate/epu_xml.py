"""XML as .NET's serialisers write it: one line, prefixes declared where used, numbered z:Ids."""

from dataclasses import dataclass, field
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

_ROOT = "http://schemas.datacontract.org/2004/07/"
SO = _ROOT + "Fei.SharedObjects"
WM = _ROOT + "System.Windows.Media"
SD = _ROOT + "System.Drawing"
FT = _ROOT + "Fei.Types"
CT = _ROOT + "Fei.Common.Types"
T = _ROOT + "Fei.Applications.Common.Types"
P = _ROOT + "Applications.SciencesAppsShared.GridAtlas.Persistence"
PS = P + ".Screening"
D = _ROOT + "Applications.SciencesAppsShared.GridAtlas.Datamodel"
G = _ROOT + "System.Collections.Generic"
SYSTEM = _ROOT + "System"
AR = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSD = "http://www.w3.org/2001/XMLSchema"
Z = "http://schemas.microsoft.com/2003/10/Serialization/"

Value = str | int | float | bool | datetime


@dataclass(frozen=True)
class Element:
    """An element to be written.

    `content` a value, child elements, or None for i:nil. `declares` maps a prefix ("" = default)
    to its namespace. `identified` elements get a z:Id; a `shared` one gets it once, later ones
    refer to it.
    """

    tag: str
    content: "Value | tuple[Element, ...] | None"
    declares: dict[str, str] = field(default_factory=dict)
    attributes: tuple[tuple[str, str], ...] = ()
    identified: bool = False
    shared: str | None = None


def el(tag: str, *content: "Element | Value | None", **namespaces: str) -> Element:
    """An element: `el("a:x", 3)`, `el("name", child)`, `el("x", None)` for nil."""
    return Element(tag, _content(content), _declared(namespaces))


def ident(tag: str, *content: "Element | Value | None", **named: str) -> Element:
    """The same with a z:Id; keywords with a capital are z: attributes (`Type`, `Size`)."""
    pairs = tuple((f"z:{name}", value) for name, value in named.items() if name[0].isupper())
    spaces = {name: uri for name, uri in named.items() if not name[0].isupper()}
    return Element(tag, _content(content), _declared(spaces), pairs, identified=True)


def write_xml(root: Element) -> bytes:
    """The document as UTF-8 without declaration, on one line."""
    parts: list[str] = []
    _write(root, parts, {})
    return "".join(parts).encode("utf-8")


def _declared(namespaces: dict[str, str]) -> dict[str, str]:
    return {"" if prefix == "default" else prefix: uri for prefix, uri in namespaces.items()}


def _content(content: "tuple[Element | Value | None, ...]") -> "Value | tuple[Element, ...] | None":
    children = tuple(item for item in content if isinstance(item, Element))
    if children or not content:
        return children
    (value,) = content
    return value if not isinstance(value, Element) else (value,)


def _write(element: Element, parts: list[str], ids: dict[str, int]) -> None:
    content = element.content
    parts.append(f"<{element.tag}")
    if element.shared is not None and element.shared in ids:
        parts.append(f' z:Ref="{ids[element.shared]}"')
        content = None
    else:
        _write_identity(element, parts, ids)
    if content is None:
        parts.append(' i:nil="true"')
    for prefix, uri in element.declares.items():
        parts.append(f' xmlns{":" if prefix else ""}{prefix}="{uri}"')
    if content is None or content in ((), ""):
        parts.append("/>")
        return
    parts.append(">")
    if isinstance(content, tuple):
        for child in content:
            _write(child, parts, ids)
    else:
        parts.append(escape(_text(content)))
    parts.append(f"</{element.tag}>")


def _write_identity(element: Element, parts: list[str], ids: dict[str, int]) -> None:
    """The z:Id, remembered where later elements refer to it, and the other attributes."""
    if element.identified:
        ids["next"] = number = ids.get("next", 0) + 1
        parts.append(f' z:Id="{number}"')
        if element.shared is not None:
            ids[element.shared] = number
    parts.extend(f" {name}={quoteattr(value)}" for name, value in element.attributes)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return net_time(value)
    if isinstance(value, float):
        text = repr(value)
        return text.removesuffix(".0").replace("e", "E")
    return str(value)


def net_time(moment: datetime) -> str:
    """ISO 8601 with seven fractional digits and the offset, as .NET writes it."""
    offset = moment.strftime("%z")
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}0{offset[:3]}:{offset[3:]}"
