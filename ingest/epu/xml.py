"""Read EPU's XML safely, by local names.

EPU serialises with .NET: prefixes differ between files, values may be `i:nil`, and in the .dm files
an element with `z:Ref` stands for the element with that `z:Id` (NetDataContractSerializer).
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ingest.epu.errors import BadValue, IncompleteFile, MalformedXml, MissingValue, OversizedFile

MAX_XML_BYTES = 64 * 2**20
"""An Atlas.dm of 35 tiles and 392 squares has 1.3 MB; 64 MiB leaves room for 50 times as many."""

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_ID = "{http://schemas.microsoft.com/2003/10/Serialization/}Id"
_REF = "{http://schemas.microsoft.com/2003/10/Serialization/}Ref"
_ENDS_TOO_EARLY = (
    3,
    5,
    6,
    20,
)  # expat: no element, unclosed token, partial character, unclosed CDATA
_FRACTION = re.compile(r"(\.\d{6})\d+")


@dataclass(frozen=True)
class Document:
    """A parsed file."""

    path: Path
    root: Element

    @property
    def node(self) -> "Node":
        """The root as a node."""
        return Node(self, self.root, local_name(self.root))

    @cached_property
    def by_id(self) -> dict[str, Element]:
        """Elements by their `z:Id`."""
        found = ((element.get(_ID), element) for element in self.root.iter())
        return {key: element for key, element in found if key is not None}


@dataclass(frozen=True)
class Node:
    """One element that is not nil, with the names that led to it for messages."""

    document: Document
    element: Element
    trail: str

    def find(self, *names: str) -> "Node | None":
        """Follow local names downwards; None where one is absent or nil."""
        node: Node | None = self
        for name in names:
            node = None if node is None else next(node.children(name), None)
        return node

    def get(self, *names: str) -> "Node":
        """Follow local names downwards.

        Raises:
            MissingValue: An element is absent or nil.
        """
        node = self.find(*names)
        if node is None:
            where = "/".join((self.trail, *names))
            raise MissingValue(self.document.path, expected=f"a value at {where}", found="none")
        return node

    def children(self, name: str) -> Iterator["Node"]:
        """Children of that local name that are not nil; a last `*` stands for any ending."""
        prefix = name.removesuffix("*")
        for element in self.element:
            found = local_name(element)
            if found == name or (prefix != name and found.startswith(prefix)):
                target = self._resolved(element)
                if target is not None:
                    yield Node(self.document, target, f"{self.trail}/{found}")

    def text(self) -> str | None:
        """The element's text without surrounding white space, None when empty."""
        return (self.element.text or "").strip() or None

    def number(self) -> float:
        """The element's value as a finite number, or a `BadValue`."""
        try:
            value = float(self.text() or "")
        except ValueError as error:
            raise self.bad("a number") from error
        if not math.isfinite(value):
            raise self.bad("a finite number")
        return value + 0.0  # "-0" becomes 0

    def integer(self) -> int:
        """The element's value as a whole number that fits 64 bits, or a `BadValue`."""
        text = self.text() or ""
        try:
            value = int(text)
        except ValueError as error:
            raise self.bad("a whole number") from error
        if abs(value) >= 2**63:
            raise self.bad("a whole number of at most 63 bits")
        return value

    def moment(self) -> datetime:
        """The element's value as a time in UTC, or a `BadValue` when it has no offset or Z."""
        try:
            value = datetime.fromisoformat(_FRACTION.sub(r"\1", self.text() or ""))
            if value.tzinfo is not None:
                return value.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self.bad("an ISO 8601 time") from error
        raise self.bad("an ISO 8601 time with its offset")

    def bad(self, expected: str) -> BadValue:
        """Make the error that says what was expected of this element."""
        found = (self.text() or "nothing")[:80]
        return BadValue(self.document.path, expected=f"{expected} at {self.trail}", found=found)

    def _resolved(self, element: Element) -> Element | None:
        """The element itself, the one that it refers to, or None when it is nil."""
        reference = element.get(_REF)
        if reference is not None:
            return self.document.by_id.get(reference)
        return None if element.get(_NIL) in {"true", "1"} else element


def read_document(path: Path, root_name: str) -> Node:
    """Read a whole XML file at once, so that it cannot change in mid-parse, and return its root.

    An `IncompleteFile` ends before its root element does.

    Args:
        path: The file.
        root_name: Local name that its root element must have.

    Raises:
        MalformedXml: It is not XML, is another document, or declares a DTD or entities.
        OversizedFile: It is larger than any EPU file.
    """
    with path.open("rb") as stream:
        data = stream.read(MAX_XML_BYTES + 1)
    if len(data) > MAX_XML_BYTES:
        raise OversizedFile(path, expected=f"at most {MAX_XML_BYTES} bytes of XML", found="more")
    root = _parse(path, data)
    if local_name(root) != root_name:
        raise MalformedXml(
            path, expected=f"a {root_name} document", found=f"<{local_name(root)[:80]}>"
        )
    return Document(path, root).node


def local_name(element: Element) -> str:
    """The name without its namespace."""
    return element.tag.rpartition("}")[2]


def _parse(path: Path, data: bytes) -> Element:
    """The root of safely parsed bytes.

    Raises:
        IncompleteFile: They end before the root element does.
        MalformedXml: They are not XML, or declare a DTD or entities.
    """
    try:
        return fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise MalformedXml(
            path, expected="XML without DTD or entities", found=str(error)
        ) from error
    except ParseError as error:
        found = f"{error} in {len(data)} bytes"
        # a pre-allocated file reads as zeros from where the writer has got to
        if error.code in _ENDS_TOO_EARLY or data.endswith(b"\0"):
            raise IncompleteFile(path, expected="a whole XML document", found=found) from error
        raise MalformedXml(path, expected="an XML document", found=found) from error
    except (
        LookupError,
        ValueError,
    ) as error:  # an encoding that does not exist or is not supported
        raise MalformedXml(path, expected="an XML document", found=str(error)) from error
