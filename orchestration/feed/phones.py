"""Telephone numbers in E.164."""

import re

import phonenumbers

_FLOAT = re.compile(r"(\+?\d+)\.0+")
_SEPARATORS = re.compile(r"[\s().\-/]+")
_BARE = re.compile(r"\d{5,20}")


def e164(text: str, country: str | None) -> str | None:
    """A number in E.164, read as one dials it in the country; None if it cannot be a number.

    Without country or area nobody knows where the number rings: its digits stand.
    """
    # A spreadsheet that took the number for an amount: 13800138000.0.
    number = _FLOAT.sub(r"\1", text) if _FLOAT.fullmatch(text) else text
    if any(letter.isalpha() for letter in number):
        return None
    if country is None and not number.startswith("+"):
        return _digits(number)
    return _dialled(number, country)


def _digits(number: str) -> str | None:
    digits = _SEPARATORS.sub("", number)
    return digits if _BARE.fullmatch(digits) else None


def _dialled(number: str, country: str | None) -> str | None:
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number_with_reason(parsed)
    if possible == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        # Without the town's own number it cannot be dialled from elsewhere: its digits stand too.
        return _digits(number)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
