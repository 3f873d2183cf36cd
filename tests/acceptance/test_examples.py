"""Whoever copies a documented example starts from a good configuration, with or without the data."""

from pathlib import Path

import pytest
from examples import EXAMPLES

from orchestration.settings import PROJECT_ROOT, ConfigurationError, load_settings

each_example = pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.yml")), ids=lambda path: path.stem)


@each_example
def test_an_example_reads_below_the_data_folder_and_writes_below_var(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA", str(tmp_path))
    settings = load_settings(example)
    assert [source.path for source in settings.sources] == [tmp_path / example.stem]
    assert settings.home == PROJECT_ROOT / "var" / example.stem


@each_example
def test_an_example_names_the_data_folder_that_it_misses(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATA", raising=False)
    with pytest.raises(ConfigurationError, match="environment variable DATA is not set"):
        load_settings(example)
