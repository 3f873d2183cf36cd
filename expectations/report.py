"""The page that shows one load's verdict to people: it needs no network, and tells nobody that it is read."""

from collections.abc import Mapping, Sequence
from html import escape
from string import Template

from expectations.sieve import Lineage
from expectations.verdict import RuleResult, Verdict
from orchestration.feed.declaration import Table

_PAGE = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>$table · $load_id</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #ddd; padding: .35rem .6rem; text-align: left; vertical-align: top }
td.count { text-align: right; font-variant-numeric: tabular-nums }
.passed { color: #267326 } .warned { color: #8a6100 } .failed { color: #b00020; font-weight: 600 }
code { font-size: 13px }
</style>
<h1>$table $table_zh</h1>
<p>$source · $load_id · $loaded_at UTC</p>
<p class="$status"><strong>$outcome</strong>, $decision. $reason</p>
<table>
<tr><th>Rows read 读取行数<th>Valid 有效<th>Quarantined 隔离<th>Duplicate 重复</tr>
<tr><td class="count">$read<td class="count">$valid
<td class="count">$quarantined<td class="count">$duplicate</tr>
</table>
<h2>Demands 要求</h2>
<table>
<tr><th>Rule 规则<th>Description 说明<th>Severity 严重程度<th>Checked 检查数<th>Failed 失败数
<th>Status 状态<th>First rows that fail 失败行示例</tr>
$rules
</table>
</html>
""")

_RULE = Template("""<tr><td><code>$rule</code><td>$description<td>$severity
<td class="count">$checked<td class="count">$failed<td class="$status">$status<td>$rows</tr>""")

_ORDER = ("failed", "warned", "passed")


def page(table: Table, lineage: Lineage, verdict: Verdict, samples: Mapping[str, Sequence[str]]) -> str:
    """The page as HTML; `samples` are the first rows that break each demand, without personal data."""
    rules = sorted(verdict.rules, key=lambda rule: _ORDER.index(rule.status))
    colour = {"clean": "passed", "partial": "warned"}.get(verdict.outcome, "failed")
    return _PAGE.substitute(
        table=escape(table.name),
        table_zh=escape(table.name_zh),
        source=escape(lineage.source_system),
        load_id=escape(lineage.load_id),
        loaded_at=lineage.known_at.isoformat(sep=" ", timespec="seconds"),
        status=colour,
        outcome=verdict.outcome,
        decision="accepted 已接受" if verdict.is_accepted else "refused 已拒绝",
        reason=escape(verdict.reason),
        read=f"{verdict.rows_read:,}",
        valid=f"{verdict.rows_valid:,}",
        quarantined=f"{verdict.rows_quarantined:,}",
        duplicate=f"{verdict.rows_duplicate:,}",
        rules="\n".join(_row(rule, samples.get(rule.rule, ())) for rule in rules),
    )


def _row(rule: RuleResult, sample: Sequence[str]) -> str:
    return _RULE.substitute(
        rule=escape(rule.rule),
        description=escape(rule.description),
        severity=rule.severity,
        checked=f"{rule.checked_count:,}",
        failed=f"{rule.failed_count:,}",
        status=rule.status,
        rows="<br>".join(escape(row) for row in sample),
    )
