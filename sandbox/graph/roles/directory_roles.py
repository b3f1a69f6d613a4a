"""Directory roles as objects of the directory: activated from their template, with an id of their own."""

from sandbox.graph.errors import not_found
from sandbox.seed_catalogue import made
from sandbox.store import Doc, Store


def activate(store: Store, template_id: str) -> Doc:
    """The directory role of a template, activated if it is not yet."""
    for found in store.find("directory_roles", "roleTemplateId", template_id):
        return found
    definition = store.get("role_definitions", template_id) or {}
    doc = {
        "id": made(f"directory-role/{template_id}"),
        "deletedDateTime": None,
        "description": definition.get("description"),
        "displayName": definition.get("displayName"),
        "roleTemplateId": template_id,
    }
    return store.put("directory_roles", doc)


def find_role(store: Store, key: str) -> Doc:
    """A directory role by its id, or by ``roleTemplateId=…``; 404 if it is not activated."""
    name, equals, value = key.partition("=")
    if equals and name.lower() == "roletemplateid":
        found = next(iter(store.find_seen("directory_roles", "roleTemplateId", value.strip("'"))), None)
    else:
        found = store.seen("directory_roles", key.lower())
    if found is None:
        raise not_found(key)
    return found


def roles_seen(store: Store, principal_id: str, *, transitive: bool = False) -> list[Doc]:
    """The directory roles somebody is a member of over the whole directory, as a reader sees it."""
    holders = [principal_id]
    if transitive:
        groups = store.find_seen("groups", "_members", principal_id)
        holders += [group["id"] for group in groups if group.get("isAssignableToRole")]
    held = [doc for key in holders for doc in store.find_seen("role_assignments", "principalId", key)]
    wanted = dict.fromkeys(doc["roleDefinitionId"] for doc in held if doc["directoryScopeId"] == "/")
    return [role for key in wanted for role in store.find("directory_roles", "roleTemplateId", key)]
