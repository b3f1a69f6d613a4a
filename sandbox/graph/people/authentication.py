"""How people prove who they are: the authentication methods registered for a user, of every type but passes.

Kind ``authentication_methods``: ``{id, _user, _type, _method, …}``, where ``_method`` is the id that Graph shows (three
types have fixed ids, the same for everybody). The password is everybody's.

Source: Graph, "Authentication methods API".
"""

import re

from starlette.responses import Response

from sandbox.graph.call import Call, Handler, Router
from sandbox.graph.directory import seen_user, writable_user
from sandbox.graph.errors import forbidden, method_absent, method_refused
from sandbox.graph.people import access_passes
from sandbox.graph.permissions import METHODS_READ, METHODS_WRITE
from sandbox.graph.query import shape
from sandbox.store import Doc, Store

router = Router()

_PASSWORD = "28c10230-6103-485e-b985-444c60001490"  # noqa: S105 - an id
EMAIL_ID = "3ddfcfc8-9383-446f-83cc-3ab9be4be18f"
PHONE_IDS = {
    "mobile": "3179e48a-750b-4051-897c-87b9720928f7",
    "alternateMobile": "b6332ec1-7057-4abe-9331-3d72feddfe41",
    "office": "e37fc753-ff3b-4958-9484-eaa9425c82bc",
}
TYPES = {
    "password": ("Password", "id createdDateTime password"),
    "phone": ("Phone", "id createdDateTime phoneNumber phoneType smsSignInState"),
    "email": ("Email", "id createdDateTime emailAddress"),
    "fido2": (
        "Passkey",
        "id createdDateTime displayName aaGuid model attestationCertificates attestationLevel passkeyType",
    ),
    "microsoftAuthenticator": ("MicrosoftAuthApp", "id createdDateTime displayName deviceTag phoneAppVersion"),
    "softwareOath": ("SoftwareOATH", "id createdDateTime secretKey"),
    "windowsHelloForBusiness": ("WindowsHello", "id createdDateTime displayName keyStrength"),
    "platformCredential": ("PlatformCred", "id createdDateTime displayName keyStrength platform"),
}
"""Type → the word that its own permissions have, and its properties."""
SECOND_FACTORS = {"phone": "sms", "microsoftAuthenticator": "push", "softwareOath": "oath"}
"""The types that can be the default second factor, and what ``signInPreferences`` calls them."""
_PHONE = re.compile(r"^\+\d{1,4} ?\d[\d \-()]{3,20}(x\d{1,10})?$")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


def register(store: Store, user_id: str, kind: str, method_id: str, **values: object) -> Doc:
    """Write a method of a user."""
    doc = {"id": f"{user_id}:{method_id}", "_user": user_id, "_type": kind, "_method": method_id, **values}
    return store.put("authentication_methods", doc)


def default_method(store: Store, user_id: str) -> Doc | None:
    """The second factor that the user is asked for: the preferred one, else the one registered first."""
    factors = [doc for doc in store.find("authentication_methods", "_user", user_id) if doc["_type"] in SECOND_FACTORS]
    factors.sort(key=lambda doc: str(doc["createdDateTime"]))
    preferred = (store.get("sign_in_preferences", user_id) or {}).get("preferred")
    return next((doc for doc in factors if SECOND_FACTORS[doc["_type"]] == preferred), next(iter(factors), None))


def _password(user: Doc) -> Doc:
    return {
        "_type": "password",
        "_method": _PASSWORD,
        "createdDateTime": user.get("lastPasswordChangeDateTime") or user["createdDateTime"],
    }


def _held(call: Call, kind: str | None = None) -> list[Doc]:
    """What the user has registered, as a reader sees it."""
    user = seen_user(call.store, call.params["user"])
    found = [_password(user), *call.store.find_seen("authentication_methods", "_user", user["id"])]
    return [doc for doc in found if kind in (None, doc["_type"])]


def _one(call: Call, kind: str | None) -> Doc:
    key = call.params["method"].lower()
    found = next((doc for doc in _held(call, kind) if doc["_method"].lower() == key), None)
    if found is None:
        raise method_absent()
    return found


def _shown(doc: Doc) -> Doc:
    names = TYPES[doc["_type"]][1].split()
    return shape({**doc, "id": doc["_method"]}, names)


def _typed(doc: Doc) -> Doc:
    return {"@odata.type": f"#microsoft.graph.{doc['_type']}AuthenticationMethod", **_shown(doc)}


def context(call: Call, collection: str) -> str:
    """``users('…')/authentication/…``."""
    return f"users('{call.params['user']}')/authentication/{collection}"


@router.add("GET", "users/{user}/authentication/methods", METHODS_READ)
def methods(call: Call) -> Response:
    """``GET /users/{u}/authentication/methods``: all of them, passes too, each with its type."""
    value = [*(_typed(doc) for doc in _held(call)), *access_passes.typed_passes(call)]
    return call.answer({"value": value}, context(call, "methods"))


@router.add("GET", "users/{user}/authentication/methods/{method}", METHODS_READ)
def method(call: Call) -> Response:
    """``GET /users/{u}/authentication/methods/{id}``."""
    return call.answer(_typed(_one(call, None)), context(call, "methods/$entity"))


@router.add("POST", "users/{user}/authentication/methods/{method}/resetPassword", METHODS_WRITE)
def reset_password(call: Call) -> Response:
    """``POST …/resetPassword`` is for signed-in administrators only; an application gets 403."""
    raise forbidden()


# -- each type by itself -----------------------------------------------------------------------------------------------


def _lists(kind: str) -> None:
    word, _ = TYPES[kind]
    name = f"{kind}Methods"
    path = f"users/{{user}}/authentication/{name}"
    writers = METHODS_WRITE | {f"UserAuthMethod-{word}.ReadWrite.All"}
    readers = METHODS_READ | writers | {f"UserAuthMethod-{word}.Read.All"}

    @router.add("GET", path, readers)
    def many(call: Call) -> Response:
        return call.answer({"value": [_shown(doc) for doc in _held(call, kind)]}, context(call, name))

    @router.add("GET", path + "/{method}", readers)
    def one(call: Call) -> Response:
        return call.answer(_shown(_one(call, kind)), context(call, f"{name}/$entity"))

    if kind != "password":
        router.add("DELETE", path + "/{method}", writers)(_deletion(kind))
    for verb, suffix, handler in _WRITES.get(kind, ()):
        router.add(verb, path + suffix, writers)(handler)


def _deletion(kind: str) -> Handler:
    def delete(call: Call) -> Response:
        doc = _live(call, kind)
        _refuse_default(call.store, doc)
        if doc["_method"] == PHONE_IDS["mobile"] and _phone(call.store, doc["_user"], "alternateMobile"):
            raise method_refused("The mobile phone cannot be deleted while the user has an alternate mobile phone.")
        call.store.remove("authentication_methods", doc["id"])
        return Response(status_code=204)

    return delete


def _live(call: Call, kind: str) -> Doc:
    user = writable_user(call)
    found = call.store.get("authentication_methods", f"{user['id']}:{_one(call, kind)['_method']}")
    if found is None:
        raise method_absent()
    return found


def _refuse_default(store: Store, doc: Doc) -> None:
    """The default second factor goes last."""
    factors = [m for m in store.find("authentication_methods", "_user", doc["_user"]) if m["_type"] in SECOND_FACTORS]
    default = default_method(store, doc["_user"])
    if default is not None and default["id"] == doc["id"] and len(factors) > 1:
        raise method_refused(
            f"The requested authentication method id of [{doc['_method']}] matches the user's current default "
            "authentication method, and cannot be deleted until the default authentication method is changed."
        )


def _phone(store: Store, user_id: str, phone_type: str) -> Doc | None:
    return store.get("authentication_methods", f"{user_id}:{PHONE_IDS[phone_type]}")


def _add_phone(call: Call) -> Response:
    """``POST …/phoneMethods``: one phone of each type; an alternate mobile only beside a mobile."""
    body, user = call.body(), writable_user(call)
    number, phone_type = body.get("phoneNumber"), body.get("phoneType")
    if phone_type not in PHONE_IDS:
        raise method_refused("The phoneType must be one of mobile, alternateMobile and office.")
    _check_number(number)
    if _phone(call.store, user["id"], phone_type):
        raise method_refused(f"The user already has a phone authentication method of type '{phone_type}'.")
    if phone_type == "alternateMobile" and not _phone(call.store, user["id"], "mobile"):
        raise method_refused("A mobile phone is needed before an alternate mobile phone can be added.")
    made = register(
        call.store,
        user["id"],
        "phone",
        PHONE_IDS[phone_type],
        createdDateTime=call.moment(),
        phoneNumber=number,
        phoneType=phone_type,
        smsSignInState="notAllowedByPolicy",
    )
    return call.answer(_shown(made), context(call, "phoneMethods/$entity"), 201)


def _check_number(number: object) -> None:
    if not isinstance(number, str) or not _PHONE.match(number):
        raise method_refused("The phone number is not of the form '+{country code} {number}x{extension}'.")


def _change_phone(call: Call) -> Response:
    """``PATCH …/phoneMethods/{id}``: another number, or another type that the user does not have yet."""
    doc, body = _live(call, "phone"), call.body()
    number, phone_type = body.get("phoneNumber", doc["phoneNumber"]), body.get("phoneType", doc["phoneType"])
    _check_number(number)
    if phone_type not in PHONE_IDS:
        raise method_refused("The phoneType must be one of mobile, alternateMobile and office.")
    changed = {**doc, "phoneNumber": number, "phoneType": phone_type, "_method": PHONE_IDS[phone_type]}
    changed["id"] = f"{doc['_user']}:{changed['_method']}"
    if changed["id"] != doc["id"]:
        if call.store.get("authentication_methods", changed["id"]):
            raise method_refused(f"The user already has a phone authentication method of type '{phone_type}'.")
        call.store.remove("authentication_methods", doc["id"])
    call.store.put("authentication_methods", changed)
    return call.answer(_shown(changed), context(call, "phoneMethods/$entity"))


def _add_email(call: Call) -> Response:
    """``POST …/emailMethods``: one address a user, for self-service password reset."""
    address, user = call.body().get("emailAddress"), writable_user(call)
    _check_address(address)
    if call.store.get("authentication_methods", f"{user['id']}:{EMAIL_ID}"):
        raise method_refused("The user already has an email authentication method.")
    made = register(
        call.store, user["id"], "email", EMAIL_ID, createdDateTime=call.moment(), emailAddress=address
    )  # fmt: skip
    return call.answer(_shown(made), context(call, "emailMethods/$entity"), 201)


def _check_address(address: object) -> None:
    if not isinstance(address, str) or not _EMAIL.match(address):
        raise method_refused("The emailAddress is not a valid address.")


def _change_email(call: Call) -> Response:
    """``PATCH …/emailMethods/{id}``."""
    doc, address = _live(call, "email"), call.body().get("emailAddress")
    _check_address(address)
    changed = call.store.put("authentication_methods", {**doc, "emailAddress": address})
    return call.answer(_shown(changed), context(call, "emailMethods/$entity"))


_WRITES: dict[str, tuple[tuple[str, str, Handler], ...]] = {
    "phone": (("POST", "", _add_phone), ("PATCH", "/{method}", _change_phone)),
    "email": (("POST", "", _add_email), ("PATCH", "/{method}", _change_email)),
}
for _kind in TYPES:
    _lists(_kind)
