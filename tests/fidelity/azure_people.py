"""People of one's own, hired through the Graph SDK."""

import asyncio
from uuid import uuid4

from kiota_abstractions.api_error import APIError
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.user import User
from msgraph.graph_service_client import GraphServiceClient


async def hired(graph: GraphServiceClient) -> str:
    """A new person whom the directory has seen; their object id."""
    name = f"t{uuid4().hex[:12]}"
    body = User(
        account_enabled=True,
        display_name=name,
        mail_nickname=name,
        user_principal_name=f"{name}@practice.example",
        usage_location="GB",
        password_profile=PasswordProfile(password="Correct-Horse-7!"),
    )
    made = await graph.users.post(body)
    assert made is not None
    for _ in range(100):
        try:
            await graph.users.by_user_id(str(made.id)).get()
            return str(made.id)
        except APIError:
            await asyncio.sleep(0.05)
    raise AssertionError("not seen in time")
