"""What the tests of parsers share."""

import os

import pytest


@pytest.fixture(scope="session")
def spoilt():
    """How many spoilt inputs a test makes: as few as it says, or its share of LAKEWARD_SPOILT (`make spoil`)."""

    def count(few, share=1):
        return int(os.environ.get("LAKEWARD_SPOILT", 0)) // share or few // share

    return count
