"""The lists of the blob service, which are XML."""

from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape, quoteattr

from sandbox.store import Doc

_HEAD = '<?xml version="1.0" encoding="utf-8"?>'


def _element(name: str, value: object) -> str:
    return f"<{name}>{escape(str(value))}</{name}>"


def _date(moment: str) -> str:
    return format_datetime(datetime.fromisoformat(moment[:19]).replace(tzinfo=UTC), usegmt=True)


def _metadata(doc: Doc) -> str:
    return "<Metadata>" + "".join(_element(name, value) for name, value in doc["metadata"].items()) + "</Metadata>"


def containers_xml(endpoint: str, prefix: str, found: list[Doc], marker: str) -> str:
    """``EnumerationResults`` of containers."""
    rows = "".join(
        f"<Container>{_element('Name', doc['name'])}<Properties>{_element('Last-Modified', _date(doc['modified']))}"
        f"""{_element("Etag", f'"0x{doc["etag"]}"')}<LeaseStatus>unlocked</LeaseStatus><LeaseState>available"""
        "</LeaseState><HasImmutabilityPolicy>false</HasImmutabilityPolicy><HasLegalHold>false</HasLegalHold>"
        f"</Properties>{_metadata(doc)}</Container>"
        for doc in found
    )
    return (
        f"{_HEAD}<EnumerationResults ServiceEndpoint={quoteattr(endpoint + '/')}>{_element('Prefix', prefix)}"
        f"<Containers>{rows}</Containers>{_element('NextMarker', marker)}</EnumerationResults>"
    )


def blobs_xml(endpoint: str, container: str, prefix: str, delimiter: str, found: list[Doc], marker: str) -> str:
    """``EnumerationResults`` of blobs; with a delimiter those below it are folded into prefixes."""
    folded = list(dict.fromkeys(_folder(doc["name"], prefix, delimiter) for doc in found))
    direct = {name: None for name in folded if name}
    rows = "".join(_blob(doc) for doc in found if not _folder(doc["name"], prefix, delimiter))
    prefixes = "".join(f"<BlobPrefix>{_element('Name', name)}</BlobPrefix>" for name in direct)
    where = f"ServiceEndpoint={quoteattr(endpoint + '/')} ContainerName={quoteattr(container)}"
    return (
        f"{_HEAD}<EnumerationResults {where}>{_element('Prefix', prefix)}{_element('Delimiter', delimiter)}"
        f"<Blobs>{rows}{prefixes}</Blobs>{_element('NextMarker', marker)}</EnumerationResults>"
    )


def _folder(name: str, prefix: str, delimiter: str) -> str:
    """The prefix that a name is folded into; empty if it stands for itself."""
    at = name.find(delimiter, len(prefix)) if delimiter else -1
    return name[: at + len(delimiter)] if at >= 0 else ""


def _blob(doc: Doc) -> str:
    leased = bool(doc["lease"])
    return (
        f"<Blob>{_element('Name', doc['name'])}<Properties>{_element('Creation-Time', _date(doc['created']))}"
        f"{_element('Last-Modified', _date(doc['modified']))}{_element('Etag', '0x' + doc['etag'])}"
        f"{_element('Content-Length', doc['size'])}{_element('Content-Type', doc['type'])}"
        "<BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier><AccessTierInferred>true</AccessTierInferred>"
        f"<LeaseStatus>{'locked' if leased else 'unlocked'}</LeaseStatus>"
        f"<LeaseState>{'leased' if leased else 'available'}</LeaseState><ServerEncrypted>true</ServerEncrypted>"
        f"</Properties>{_metadata(doc)}</Blob>"
    )
