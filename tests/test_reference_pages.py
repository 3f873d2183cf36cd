"""The pages that follow from declarations say what the declarations say now."""

import pytest

from orchestration.feed import reference as feed
from orchestration.reference import PAGES, published_models
from orchestration.settings import default_parameters


@pytest.mark.parametrize("page", [page for page in PAGES if page != feed.PAGE], ids=lambda page: page.name)
def test_a_page_is_what_its_declaration_renders(page):
    remedy = "run `python -m orchestration.reference`"
    assert page.read_text(encoding="utf-8") == PAGES[page](), f"{page.name} is out of date: {remedy}"


def test_every_parameter_stands_on_its_page_in_both_languages():
    page = (feed.PAGE.parent / "parameters.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    assert [row[1].strip(" `") for row in rows] == list(default_parameters())
    assert all(row[4].strip() and row[5].strip() for row in rows)


def test_every_published_table_and_column_is_described():
    models = list(published_models())
    assert {"dim_customers", "fct_lifecycle_stages", "fct_row_balances"} <= {model.name for model in models}
    for model in models:
        assert model.description.startswith("One row per"), model.name
        undescribed = [column.name for column in model.columns if not column.description]
        assert not undescribed, f"{model.name} leaves {', '.join(undescribed)} undescribed"
