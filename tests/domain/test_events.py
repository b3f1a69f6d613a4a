"""What HR may say."""

import pytest
from pydantic import ValidationError

from domain.events import Changes


def test_a_personal_address_that_is_changed_has_to_be_one() -> None:
    assert Changes(personal_email="ada@home.example").given() == {"personal_email": "ada@home.example"}
    assert Changes(personal_email=None).given() == {"personal_email": None}
    with pytest.raises(ValidationError):
        Changes(personal_email="ada at home")
