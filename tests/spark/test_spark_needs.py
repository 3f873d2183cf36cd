"""What a machine without Spark, without Java or with an old one is told, before anything is begun."""

from collections.abc import Callable
from pathlib import Path

import pytest
from worlds import World

REMEDY = "and set JAVA_HOME to it"


@pytest.fixture
def world(new_world: Callable[[str], World]) -> World:
    world = new_world("needs")
    world.configure(engine="spark")
    world.write("shop/orders.csv", "order_id,customer_id,ordered_at,net_amount\no1,c1,2026-01-01,5\n")
    return world


def java(folder: Path, version: str) -> Path:
    """A Java that does nothing but say its version, as each does."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2018-10-16' >&2\n", encoding="utf-8")
    program.chmod(0o755)
    return folder


def test_java_17_and_the_packages_are_enough(world: World) -> None:
    ended = world.command("check")
    assert ended.exit_code == 0, ended.output


@pytest.mark.parametrize("command", ["check", "run"])
def test_no_java_is_told_with_where_to_get_it(world: World, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(world.folder / "empty"))
    ended = world.command(command)
    assert ended.exit_code == 2
    assert "Spark needs Java, and there is none on PATH" in ended.output
    assert REMEDY in ended.output


@pytest.mark.parametrize(("version", "major"), [("11.0.2", "11"), ("1.8.0_452", "8")])
def test_an_old_java_is_told_with_its_version(
    world: World, monkeypatch: pytest.MonkeyPatch, version: str, major: str
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java(world.folder / "java", version)))
    ended = world.command("check")
    assert ended.exit_code == 2
    assert f"is Java {major}; install Java 17 or newer" in ended.output
    assert REMEDY in ended.output


def test_a_java_home_without_java_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(world.folder / "nowhere"))
    ended = world.command("check")
    assert ended.exit_code == 2
    assert "cannot be run" in ended.output
    assert REMEDY in ended.output
