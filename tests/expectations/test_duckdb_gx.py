"""SQLAlchemy speaks to a DuckDB connection that somebody else has opened, and keeps."""

import pytest
import sqlalchemy as sa

from expectations.duckdb_gx import reachable


def test_a_temporary_table_is_seen_without_a_copy(connection) -> None:
    connection.execute("create temp table numbers as select 7 as number")
    with reachable(connection) as url, sa.create_engine(url).connect() as alchemy:
        assert alchemy.execute(sa.text("select number from numbers")).scalar_one() == 7


def test_a_result_can_be_fetched_after_its_connection_was_given_back(connection) -> None:
    with reachable(connection) as url:
        with sa.create_engine(url).connect() as alchemy:
            result = alchemy.execute(sa.text("select unnest([1, 2, 3])"))
            first = result.fetchone()
            alchemy.execute(sa.text("select 99"))
        assert [first, *result.fetchmany(1), *result.fetchall()] == [(1,), (2,), (3,)]


@pytest.mark.parametrize(("operator", "found"), [("~", ["abc"]), ("!~", ["xyz"])])
def test_a_regular_expression_matches_a_part(connection, operator: str, found: list[str]) -> None:
    connection.execute("create temp table texts as select unnest(['abc', 'xyz']) as text")
    query = sa.select(sa.column("text")).select_from(sa.table("texts"))
    query = query.where(sa.column("text").op(operator)(sa.literal("b")))
    with reachable(connection) as url, sa.create_engine(url).connect() as alchemy:
        assert alchemy.execute(query).scalars().all() == found


def test_a_column_may_be_called_by_a_word_that_duckdb_reserves(connection) -> None:
    connection.execute('create temp table words as select 1 as "at", 2 as "order"')
    query = sa.select(sa.column("at"), sa.column("order")).select_from(sa.table("words"))
    with reachable(connection) as url, sa.create_engine(url).connect() as alchemy:
        assert alchemy.execute(query).all() == [(1, 2)]


def test_tables_and_views_are_reflected_with_their_types(connection) -> None:
    connection.execute("create table money as select 1::decimal(18, 4) as amount, 'x' as name, true as is_paid")
    connection.execute("create temp view paid as from money where is_paid")
    with reachable(connection) as url:
        inspector = sa.inspect(sa.create_engine(url))
        types = {column["name"]: type(column["type"]) for column in inspector.get_columns("paid")}
        assert types == {"amount": sa.DECIMAL, "name": sa.VARCHAR, "is_paid": sa.BOOLEAN}
        assert [inspector.has_table(name) for name in ("money", "paid", "nothing")] == [True, True, False]


def test_the_connection_stays_open_and_its_address_leads_nowhere_afterwards(connection) -> None:
    with reachable(connection) as url:
        engine = sa.create_engine(url)
        with engine.connect() as alchemy:
            alchemy.execute(sa.text("create table kept as select 1 as one"))
        engine.dispose()
    assert connection.execute("from kept").fetchall() == [(1,)]
    with pytest.raises(sa.exc.OperationalError, match="use its URL within"):
        engine.connect().__enter__()
