from typing import Any

import pytest

from loyalty_async import DataScope, InvalidArgument


def test_a_scope_is_written_as_headers() -> None:
    assert DataScope().headers() == {"DATA-SCOPE": "SELF"}
    assert DataScope("OTHER", [7, 8]).headers() == {"DATA-SCOPE": "OTHER", "DATA-SCOPE-ORG": "7,8"}


@pytest.mark.parametrize(
    "arguments", [("self",), ("OTHER",), ("ALL", ()), ("SELF", (1,)), ("OTHER", (1, 2, 3)), ("OTHER", 5), ("ALL", "ab")]
)
def test_a_scope_that_no_server_takes_is_refused(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidArgument):
        DataScope(*arguments)
