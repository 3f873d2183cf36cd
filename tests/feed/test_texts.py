"""The short cut past Unicode normalisation."""

import re
import unicodedata

from orchestration.feed.texts import PLAIN_TEXT


def test_text_that_skips_normalisation_would_not_be_changed_by_it():
    plain = re.compile(re.sub(r"\\x\{(\w+)\}", lambda code: chr(int(code[1], 16)), PLAIN_TEXT))
    skipped = [character for character in map(chr, range(0x110000)) if plain.fullmatch(character)]
    assert len(skipped) > 20_000
    assert [c for c in skipped if unicodedata.normalize("NFKC", c) != c or unicodedata.combining(c)] == []
