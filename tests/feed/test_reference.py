"""The page of the feed tables says what the declaration says now."""

from orchestration.feed import TABLES
from orchestration.feed.reference import PAGE, render


def test_the_page_is_what_the_declaration_renders():
    remedy = "run `python -m orchestration.reference`"
    assert PAGE.read_text(encoding="utf-8") == render(), f"{PAGE.name} is out of date: {remedy}"


def test_every_table_and_column_stands_on_it_in_both_languages():
    sections = render().split("\n## ")[1:]
    assert [section.split("\n", 1)[0] for section in sections] == list(TABLES)
    for section, table in zip(sections, TABLES.values(), strict=True):
        assert table.name_zh in section
        for column in table.columns:
            assert f"| `{column.name}` | {column.name_zh} | {column.type} |" in section


def test_keys_required_values_closed_lists_and_references_are_told():
    page = render()
    assert "| `order_id` | 订单编号 | id | **key** |" in page
    assert "| `campaign_id` | 活动编号 | id | key, may be empty |" in page
    assert "| `ordered_at` | 下单时间 | timestamp | required |" in page
    assert "One of `completed`, `pending`, `cancelled`, `returned`." in page
    assert "Refers to [customers](#customers)." in page
