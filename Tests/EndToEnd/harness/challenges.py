"""Reading `WWW-Authenticate` strictly (RFC 9110 §11.6.1, RFC 6750 §3)."""

import re

PARAMETER = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=\"((?:[^\"\\]|\\.)*)\"")
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+\Z")  # what RFC 6750 §3 allows


def parse(value):
    """The parameters of a Bearer challenge."""
    scheme, _, rest = value.partition(" ")
    assert scheme == "Bearer", f"challenge {value!r}"
    parameters, position = {}, 0
    while position < len(rest):
        match = PARAMETER.match(rest, position)
        assert match, f"malformed challenge at {rest[position:]!r} in {value!r}"
        assert match[1] not in parameters, f"{match[1]} comes twice in {value!r}"
        parameters[match[1]] = re.sub(r"\\(.)", r"\1", match[2])
        position = match.end()
        if position < len(rest):
            separator = re.compile(r", ?").match(rest, position)
            assert separator, f"malformed challenge at {rest[position:]!r} in {value!r}"
            position = separator.end()
    if "error_description" in parameters:
        assert DESCRIPTION.match(parameters["error_description"]), f"characters not allowed in {value!r}"
    return parameters


def challenge(response):
    """The one Bearer challenge of a response."""
    values = response.all("www-authenticate")
    assert len(values) == 1, f"{len(values)} challenges: {values}"
    return parse(values[0])
