"""The CDNOW sample as the models see it, which the published figures are of."""

import pytest
from cdnow import FILE, Sample, read


@pytest.fixture(scope="session")
def sample() -> Sample:
    if not FILE.exists():
        pytest.skip(f"the real data is not at {FILE}")
    return read()
