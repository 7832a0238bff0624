from __future__ import annotations

import io
from pathlib import Path

import pytest

from loyalty_async.cli.connections import Connection, connect, read_credentials
from loyalty_async.errors import InvalidArgument
from loyalty_async.models.credentials import Basic, OAuth

OAUTH = {"LOYALTY_KEY": "key", "LOYALTY_SECRET": "hunter2"}
BASIC = {"LOYALTY_TILL": "till", "LOYALTY_PASSWORD": "hunter3"}


def test_key_and_secret_of_the_environment_are_oauth() -> None:
    assert read_credentials(Connection(), OAUTH) == OAuth(key="key", secret="hunter2")


def test_till_and_password_of_the_environment_are_basic() -> None:
    assert read_credentials(Connection(), BASIC) == Basic("till", "hunter3")


def test_an_option_goes_before_the_environment() -> None:
    assert read_credentials(Connection(key="other"), OAUTH) == OAuth(key="other", secret="hunter2")
    assert read_credentials(Connection(till="other"), OAUTH | BASIC) == Basic("other", "hunter3")


def test_a_secret_file_goes_before_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from the file\nand a comment\n", encoding="utf-8")
    credentials = read_credentials(Connection(secret_file=str(file)), OAUTH)
    assert credentials == OAuth(key="key", secret="from the file")


def test_a_secret_may_come_over_the_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("piped\n"))
    assert read_credentials(Connection(till="till", secret_file="-"), {}) == Basic("till", "piped")


@pytest.mark.parametrize(
    ("connection", "environment", "said"),
    [
        (Connection(), {}, "no credentials: set LOYALTY_KEY and LOYALTY_SECRET"),
        (Connection(), OAUTH | BASIC, "both LOYALTY_KEY and LOYALTY_TILL are set"),
        (Connection(key="key", till="till"), OAUTH, "not both"),
        (Connection(key="key"), {}, "set LOYALTY_SECRET, or give --secret-file"),
        (Connection(till="till"), OAUTH, "set LOYALTY_PASSWORD, or give --secret-file"),
        (Connection(key="key", secret_file="/nowhere/secret"), {}, "cannot be read"),
    ],
)
def test_credentials_that_are_not_there_are_told(
    connection: Connection, environment: dict[str, str], said: str
) -> None:
    with pytest.raises(InvalidArgument, match=said) as refused:
        read_credentials(connection, environment)
    assert "hunter" not in str(refused.value)


def test_a_secret_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidArgument, match="not UTF-8"):
        read_credentials(Connection(key="key", secret_file=str(file)), {})


def test_no_credential_shows_in_a_repr() -> None:
    shown = repr(Connection(key="hunter1", till="hunter2"))
    assert "hunter" not in shown


def test_the_base_url_is_an_options_or_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in OAUTH.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidArgument, match="set LOYALTY_BASE_URL"):
        connect(Connection())
    monkeypatch.setenv("LOYALTY_BASE_URL", "https://environment.example.com")
    assert "environment.example.com" in repr(connect(Connection()))
    assert "option.example.com" in repr(connect(Connection(base_url="https://option.example.com")))


def test_the_servers_zone_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in OAUTH.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidArgument, match="--server-timezone must be a zone"):
        connect(Connection(base_url="https://example.com", server_timezone="Mars"))
