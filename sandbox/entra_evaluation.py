"""Continuous access evaluation: who can take a claims challenge, and which tokens get one.

"How to use Continuous Access Evaluation enabled APIs in your applications"; only tokens of clients that declared the
capability ``cp1`` are refused before they expire, all others live on.
"""

import base64
import json
import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from sandbox.entra_clients import refuse
from sandbox.entra_resources import GRAPH_APP_ID
from sandbox.exchange import Caller, Exchange
from sandbox.store import Doc

LONG_LIVED = frozenset({"graph", "outlook", "sharepoint"})
"""Resources that evaluate access continuously, and so take tokens of a day."""
_MESSAGE = (
    "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: "
    "TokenIssuedBeforeRevocationTimestamp"
)


def claims_asked(sent: Exchange, form: Mapping[str, str]) -> Doc:
    """The ``claims`` parameter as an object; what is none is refused."""
    text = form.get("claims")
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        refuse(sent, 9000281, "invalid_request", "The 'claims' parameter is not a JSON object.")
    return found


def capable(sent: Exchange, form: Mapping[str, str]) -> bool:
    """Did the client declare that it takes claims challenges (``xms_cc`` with ``CP1``)?"""
    declared = (claims_asked(sent, form).get("access_token") or {}).get("xms_cc") or {}
    values = declared.get("values") or ()
    named = [values] if isinstance(values, str) else values
    return any(str(value).lower() == "cp1" for value in named)


def challenge(sent: Exchange, caller: Caller) -> tuple[str, str] | None:
    """The text and the ``WWW-Authenticate`` of a 401 for a token whose holder was revoked; None while it holds."""
    if not any(str(value).lower() == "cp1" for value in caller.claims.get("xms_cc") or ()):
        return None
    if _holds(sent, caller):
        return None
    wanted = {"access_token": {"nbf": {"essential": True, "value": str(int(time.time()))}}}
    encoded = base64.b64encode(json.dumps(wanted, separators=(",", ":")).encode()).decode()
    uri = f"{sent.origin}/common/oauth2/authorize"
    header = (
        f'Bearer realm="", authorization_uri="{uri}", client_id="{GRAPH_APP_ID}", errorDescription="{_MESSAGE}", '
        f'error="insufficient_claims", claims="{encoded}"'
    )
    return _MESSAGE, header


def _holds(sent: Exchange, caller: Caller) -> bool:
    """Is the person or principal still there and enabled, and the sign-in not revoked since?"""
    if not caller.user:
        principal = sent.store.get("service_principals", caller.object_id)
        return principal is not None and bool(principal["accountEnabled"])
    person = sent.store.get("users", caller.object_id)
    if person is None or not person["accountEnabled"]:
        return False
    grant = sent.store.get("grants", str(caller.claims.get("sid")))
    return grant is None or not revoked(person, grant["issued"])


def revoked(person: Doc, issued: str) -> bool:
    """Was a sign-in of ``issued`` ended since? The directory's stamps have whole seconds, so the same second counts."""
    begun = datetime.fromisoformat(issued).replace(microsecond=0)
    return any(begun <= stamp for stamp in stamps(person))


def stamps(person: Doc) -> list[datetime]:
    """The moments up to which a person's sign-ins are worth nothing."""
    names = ("signInSessionsValidFromDateTime", "lastPasswordChangeDateTime")
    return [datetime.fromisoformat(person[name]) for name in names if person.get(name)]


def first_moment(now: datetime, person: Doc) -> str:
    """The moment that a sign-in of now counts as: after every stamp, which may lie in the same second."""
    return max(now, *(stamp + timedelta(seconds=1) for stamp in stamps(person)), now).isoformat()
