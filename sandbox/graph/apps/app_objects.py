"""What applications and service principals have in common: how they are found, who may write them, their credentials.

Kinds ``applications`` and ``service_principals``. ``_secrets`` are the values that sign in (the token endpoint reads
them), ``_secret_of`` tells which ``keyId`` has which; ``_certificates`` are PEM. None of them is ever answered.
"""

import base64
import binascii
import secrets
import string
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from sandbox.graph.call import Call
from sandbox.graph.errors import bad_request, forbidden, invalid_value, not_found
from sandbox.store import Doc

NO_PUBLISHER = {"displayName": None, "verifiedPublisherId": None, "addedDateTime": None}
"""The ``verifiedPublisher`` of what nobody has verified."""
PERMISSION_OF_ALL = frozenset({"Application.ReadWrite.All", "Directory.ReadWrite.All"})
_LETTERS = string.ascii_letters + string.digits + "~._-"


def seen(call: Call, kind: str) -> Doc:
    """The object of the path, by object id or ``appId='…'``, as a reader sees it; an application id alone is none."""
    key = call.params["object"]
    if key.lower().startswith("appid="):
        found = next(iter(call.store.find_seen(kind, "appId", key[6:].strip("'"))), None)
    else:
        found = call.store.seen(kind, key.lower())
    if found is None:
        raise not_found(key)
    return found


def live(call: Call, kind: str) -> Doc:
    """The same for a write; with ``Application.ReadWrite.OwnedBy`` alone only what the caller owns: 403."""
    return _writable(call, call.store.get(kind, seen(call, kind)["id"]))


def just_made(call: Call, kind: str) -> Doc:
    """The same where it was written last: clients give an application its secret at once and do not try again."""
    found = call.store.get(kind, call.params["object"].lower())
    return _writable(call, found) if found else live(call, kind)


def _writable(call: Call, found: Doc | None) -> Doc:
    if found is None:
        raise not_found(call.params["object"])
    if not call.caller.roles & PERMISSION_OF_ALL and call.caller.object_id not in (found.get("_owners") or ()):
        raise forbidden()
    return found


def precise(now: datetime) -> str:
    """A moment with seven decimals, as the directory writes what has just been made."""
    return now.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def first_owners(call: Call) -> list[str]:
    """Who owns what the caller creates: a signed-in person, or an application that may write only what it owns."""
    if call.caller.user or not call.caller.roles & PERMISSION_OF_ALL:
        return [call.caller.object_id]
    return []


# -- secrets -----------------------------------------------------------------------------------------------------------


def add_password(call: Call, doc: Doc, kind: str) -> Doc:
    """A new secret of an application or principal: the credential to answer, with the value this once."""
    asked = call.body().get("passwordCredential") or {}
    now = call.store.now()
    starts = _moment(asked.get("startDateTime"), now)
    ends = _moment(asked.get("endDateTime"), _two_years_on(starts))
    if ends <= starts:
        raise invalid_value("endDateTime", "PasswordCredential")
    value = "".join(secrets.choice(string.ascii_letters) for _ in range(3)) + "8Q~"
    value = call.store.secret("client_secret", value + "".join(secrets.choice(_LETTERS) for _ in range(34)))
    credential = {
        "customKeyIdentifier": None,
        "displayName": asked.get("displayName"),
        "endDateTime": precise(ends),
        "hint": value[:3],
        "keyId": str(uuid.uuid4()),
        "secretText": None,
        "startDateTime": precise(starts),
    }
    secret_of = {**(doc.get("_secret_of") or {}), credential["keyId"]: value}
    held = [*(doc.get("passwordCredentials") or []), credential]
    values = [*(doc.get("_secrets") or []), value]
    call.store.put(kind, {**doc, "passwordCredentials": held, "_secret_of": secret_of, "_secrets": values})
    return {**credential, "secretText": value}


def _moment(text: object, default: datetime) -> datetime:
    if text is None:
        return default
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        raise invalid_value("endDateTime", "PasswordCredential") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _two_years_on(start: datetime) -> datetime:
    return start.replace(year=start.year + 2, day=min(start.day, 28) if start.month == 2 else start.day)


def remove_password(call: Call, doc: Doc, kind: str) -> None:
    """Take a secret away by its ``keyId``; an unknown one is 400."""
    key = str(call.body().get("keyId", "")).lower()
    held = [credential for credential in doc.get("passwordCredentials") or [] if credential["keyId"] != key]
    if len(held) == len(doc.get("passwordCredentials") or []):
        raise bad_request(f"No password credential found with keyId '{key}'.")
    call.store.put(kind, {**doc, **without_secrets(doc, held)})


def with_passwords(doc: Doc, given: list[Doc] | None) -> Doc:
    """The fields that change when ``passwordCredentials`` is written: it can only take secrets away."""
    kept = {item.get("keyId") for item in given or ()}
    return without_secrets(doc, [one for one in doc.get("passwordCredentials") or [] if one["keyId"] in kept])


def without_secrets(doc: Doc, kept: Iterable[Doc]) -> Doc:
    """The fields that change when only some of the password credentials stay."""
    credentials = list(kept)
    known = doc.get("_secret_of") or {}
    secret_of = {c["keyId"]: known[c["keyId"]] for c in credentials if c["keyId"] in known}
    gone = set(known.values()) - set(secret_of.values())
    values = [value for value in doc.get("_secrets") or [] if value not in gone]
    return {"passwordCredentials": credentials, "_secret_of": secret_of, "_secrets": values}


# -- certificates ------------------------------------------------------------------------------------------------------


def with_keys(doc: Doc, given: object) -> Doc:
    """The fields that change when ``keyCredentials`` is written: known ``keyId``s stay, others need a key."""
    if not isinstance(given, list):
        raise invalid_value("keyCredentials", "Application")
    known = {credential["keyId"]: credential for credential in doc.get("keyCredentials") or []}
    pem_of = doc.get("_certificate_of") or {}
    credentials: list[Doc] = []
    certificates: dict[str, str] = {}
    for item in given:
        key_id = str(item.get("keyId") or uuid.uuid4()).lower()
        if key_id in known and item.get("key") is None:
            credentials.append(known[key_id])
            certificates |= {key_id: pem_of[key_id]} if key_id in pem_of else {}
        else:
            certificate = _certificate(item.get("key"))
            credentials.append(_credential(item, key_id, certificate))
            certificates[key_id] = certificate.public_bytes(serialization.Encoding.PEM).decode()
    gone = set(pem_of.values()) - set(certificates.values())
    seeded = [pem for pem in doc.get("_certificates") or [] if pem not in gone and pem not in certificates.values()]
    return {
        "keyCredentials": credentials,
        "_certificate_of": certificates,
        "_certificates": [*seeded, *certificates.values()],
    }


def _certificate(key: object) -> x509.Certificate:
    """The certificate of a ``key``: base64 of DER, or of PEM, in which real clients leave line feeds."""
    try:
        raw = base64.b64decode("".join(str(key or "").split()), validate=True)
        return x509.load_pem_x509_certificate(raw) if b"BEGIN" in raw else x509.load_der_x509_certificate(raw)
    except (ValueError, binascii.Error):
        raise bad_request("Key credential value is invalid: it must be an X.509 certificate in base64.") from None


def _credential(item: Doc, key_id: str, certificate: x509.Certificate) -> Doc:
    return {
        "customKeyIdentifier": certificate.fingerprint(hashes.SHA1()).hex().upper(),  # noqa: S303
        "displayName": item.get("displayName") or certificate.subject.rfc4514_string(),
        "endDateTime": certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "key": None,
        "keyId": key_id,
        "startDateTime": certificate.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "type": "AsymmetricX509Cert",
        "usage": item.get("usage") or "Verify",
    }
