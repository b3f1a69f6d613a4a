"""What a signed-in person may read: what the application's scopes and the person's own rights both allow.

Every member may read the directory (Entra, "Default user permissions"); guests may not, and what is deleted is for
administrators.
"""

from sandbox.graph.call import Call

_MEMBERS_READ = frozenset({
    "User.Read.All", "User.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", "GroupMember.Read.All",
    "GroupMember.ReadWrite.All", "Application.Read.All", "Application.ReadWrite.All", "Device.Read.All",
    "Organization.Read.All", "Directory.Read.All", "Directory.ReadWrite.All",
})  # fmt: skip
_AS_THE_PERSON = "Directory.AccessAsUser.All"
_ASKING = frozenset({"getbyids", "getmembergroups", "getmemberobjects", "checkmembergroups", "checkmemberobjects"})


def may_read(call: Call, path: str, allowed: frozenset[str]) -> bool:
    """Is this a read of the directory by a member, through an application with a scope for it?"""
    if not call.caller.user or not _reads(call.sent.method, path):
        return False
    scopes = call.caller.scp | ({"Directory.Read.All"} if _AS_THE_PERSON in call.caller.scp else set())
    person = call.store.get("users", call.caller.object_id)
    return bool(scopes & allowed & _MEMBERS_READ) and person is not None and person.get("userType") != "Guest"


def _reads(method: str, path: str) -> bool:
    low = path.lower().strip("/")
    if low.startswith("directory/deleteditems"):
        return False
    return method == "GET" or (method == "POST" and low.rpartition("/")[2].rpartition(".")[2] in _ASKING)
