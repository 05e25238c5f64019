import pytest

from tests.cluster import diary


@pytest.fixture(autouse=True)
def empty_diary():
    diary.WRITTEN.clear()
