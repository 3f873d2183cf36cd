"""The French survey, in ISO-8859-1 and without dates, gives its reference figures."""

import pytest
from examples import Example, balances, run_example

pytestmark = pytest.mark.slow

ANSWERS = (
    "select response_count, promoter_count, passive_count, detractor_count, round(nps, 4) "
    "from marts.fct_nps_periods where period_grain = 'all' and segment_type = 'all'"
)


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return run_example("nps_french_retail", tmp_path_factory.mktemp("survey"))


def expected(reference: dict) -> tuple:
    return tuple(reference[name] for name in ("n", "promoters", "passives", "detractors", "nps"))


def test_the_run_succeeds(survey: Example) -> None:
    assert survey.exit_code == 0, survey.said


def test_every_line_of_the_file_is_a_valid_customer_and_a_valid_row(survey: Example) -> None:
    line_count = (survey.data / "nps.csv").read_bytes().count(b"\n") - 1
    assert line_count == survey.reference["rows"] == 13954
    assert balances(survey) == {
        "customers": (line_count, line_count, 0, 0),
        "survey_responses": (line_count, line_count, 0, 0),
    }


def test_the_score_over_everything_is_the_reference_s(survey: Example) -> None:
    found = survey.rows(f"{ANSWERS} and survey_id = 'all'")
    assert found == [expected(survey.reference["overall"])] == [(13612, 8465, 3953, 1194, 53.4161)]


def test_a_skipped_score_is_a_row_and_no_answer(survey: Example) -> None:
    skipped = survey.rows("select count(*) from core.fct_survey_responses where score is null")
    assert skipped == [(survey.reference["dirty"]["null_nps"],)] == [(342,)]


def test_every_score_was_given_as_often_as_in_the_reference(survey: Example) -> None:
    counted = survey.rows(
        "select score::int::varchar, count(*) from core.fct_survey_responses where score is not null group by score"
    )
    assert dict(counted) == survey.reference["overall"]["dist"]


def test_the_score_of_each_wave_is_the_reference_s(survey: Example) -> None:
    waves = survey.rows(ANSWERS.replace("select", "select survey_id,") + " and survey_id != 'all'")
    listed = {f"wave {wave}": expected(of) for wave, of in survey.reference["by_t"].items()}
    assert {wave: tuple(score) for wave, *score in waves if wave != "wave unknown"} == listed


def test_answers_without_a_date_count_in_no_calendar_period(survey: Example) -> None:
    grains = survey.rows("select distinct period_grain from marts.fct_nps_periods where response_count > 0")
    assert grains == [("all",)]


def test_nobody_is_asked_for_who_was_sent_no_invitation(survey: Example) -> None:
    assert survey.rows("select distinct invited_count, response_ratio from marts.fct_nps_periods") == [(0, None)]


def test_every_respondent_is_one_customer_without_an_order(survey: Example) -> None:
    assert survey.rows(
        "select count(*), count(distinct source_customer_id), bool_and(status = 'not_a_buyer') "
        "from marts.fct_customer_value inner join core.bridge_customer_identities using (customer_key)"
    ) == [(13954, 13954, True)]
