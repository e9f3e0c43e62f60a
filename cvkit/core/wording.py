"""What pydantic says of a wrong value, in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS = {
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "int_type": "expected a whole number",
    "float_parsing": "expected a number",
    "float_type": "expected a number",
    "finite_number": "expected a finite number",
    "bool_parsing": "expected yes or no",
    "bool_type": "expected yes or no",
    "string_type": "expected text",
    "string_too_short": "must not be empty",
    "tuple_type": "expected values with commas between",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
    "string_pattern_mismatch": "expected the form {pattern}",
}


def why(error: Mapping[str, Any]) -> str:
    """One of `ValidationError.errors()`: what is wrong, and what was given unless that is said."""
    words = _WORDS.get(error["type"])
    if words is not None:
        said = words.format(**error.get("ctx", {}))
    else:
        said = str(error["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    given = repr(error["input"])
    if given in said:
        return said.replace(given, shortened(given))
    if ", got " in said:
        return said
    return f"{said}, got {shortened(given)}"


def shortened(text: str, most: int = 80) -> str:
    """Its start and its end where it is long: nobody looks for a mistake in a page of text."""
    if len(text) <= most:
        return text
    return f"{text[: most - 21]} … {text[-18:]}"
