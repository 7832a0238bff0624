from __future__ import annotations

import io
from pathlib import Path

import anyio.lowlevel
import pytest

from loyalty_async.cli.connections import (
    AltcraftConnection,
    Connection,
    ask,
    connect,
    connect_altcraft,
    read_credentials,
)
from loyalty_async.cli.settings import Settings
from loyalty_async.client import AltcraftClient
from loyalty_async.errors import InvalidArgument, UnavailableError
from loyalty_async.models.credentials import Basic, OAuth

OAUTH = {"LOYALTY_KEY": "key", "LOYALTY_SECRET": "hunter2"}
BASIC = {"LOYALTY_TILL": "till", "LOYALTY_PASSWORD": "hunter3"}
OAUTH_FILE = {"key": "file-key", "secret": "hunter4"}
BASIC_FILE = {"till": "file.till", "password": "hunter5"}
ALTCRAFT = {"ALTCRAFT_BASE_URL": "https://environment.example.com", "ALTCRAFT_TOKEN": "hunter6"}


@pytest.mark.parametrize(
    ("connection", "environment", "file", "credentials"),
    [
        (Connection(), OAUTH, {}, OAuth(key="key", secret="hunter2")),
        (Connection(), BASIC, {}, Basic("till", "hunter3")),
        (Connection(), {}, OAUTH_FILE, OAuth(key="file-key", secret="hunter4")),
        (Connection(), {}, BASIC_FILE, Basic("file.till", "hunter5")),
        (Connection(), OAUTH, OAUTH_FILE | BASIC_FILE, OAuth(key="key", secret="hunter2")),
        (Connection(), BASIC, OAUTH_FILE, Basic("till", "hunter3")),
        (Connection(), {"LOYALTY_KEY": "key"}, OAUTH_FILE, OAuth(key="key", secret="hunter4")),
        (Connection(), {"LOYALTY_SECRET": "hunter2"}, OAUTH_FILE, OAuth(key="file-key", secret="hunter2")),
        (Connection(key="other"), OAUTH, {}, OAuth(key="other", secret="hunter2")),
        (Connection(key="other"), {}, OAUTH_FILE, OAuth(key="other", secret="hunter4")),
        (Connection(till="other"), OAUTH | BASIC, OAUTH_FILE, Basic("other", "hunter3")),
    ],
)
def test_an_option_goes_before_the_environment_and_that_before_the_file(
    connection: Connection, environment: dict[str, str], file: dict[str, str], credentials: OAuth | Basic
) -> None:
    assert read_credentials(connection, Settings(environment, file)) == credentials


def test_a_secret_file_goes_before_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from the file\nand a comment\n", encoding="utf-8")
    credentials = read_credentials(Connection(secret_file=str(file)), Settings(OAUTH, OAUTH_FILE))
    assert credentials == OAuth(key="key", secret="from the file")


def test_a_secret_may_come_over_the_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("piped\n"))
    credentials = read_credentials(Connection(till="till", secret_file="-"), Settings({}))
    assert credentials == Basic("till", "piped")


@pytest.mark.parametrize(
    ("connection", "environment", "file", "said"),
    [
        (Connection(), {}, {}, "no credentials: set LOYALTY_KEY and LOYALTY_SECRET"),
        (Connection(), OAUTH | BASIC, {}, "both LOYALTY_KEY and LOYALTY_TILL are set"),
        (
            Connection(),
            {},
            OAUTH_FILE | BASIC_FILE,
            "both key in the configuration file and till in the configuration file are set",
        ),
        (Connection(key="key", till="till"), OAUTH, {}, "not both"),
        (Connection(key="key"), {}, BASIC_FILE, "set LOYALTY_SECRET, give --secret-file, or write secret into"),
        (Connection(till="till"), OAUTH, {}, "set LOYALTY_PASSWORD, give --secret-file, or write password into"),
        (Connection(key="key", secret_file="/nowhere/secret"), {}, {}, "cannot be read"),
    ],
)
def test_credentials_that_are_not_there_are_told(
    connection: Connection, environment: dict[str, str], file: dict[str, str], said: str
) -> None:
    with pytest.raises(InvalidArgument, match=said) as refused:
        read_credentials(connection, Settings(environment, file))
    assert "hunter" not in str(refused.value)


def test_a_secret_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidArgument, match="not UTF-8"):
        read_credentials(Connection(key="key", secret_file=str(file)), Settings({}))


def test_no_credential_shows_in_a_repr() -> None:
    shown = repr(Connection(key="hunter1", till="hunter2"))
    assert "hunter" not in shown


def test_the_base_url_is_an_options_the_environments_or_the_files() -> None:
    with pytest.raises(InvalidArgument, match="set LOYALTY_BASE_URL, or write base_url into the configuration file"):
        connect(Connection(), Settings(OAUTH))
    file = {"base_url": "https://file.example.com"}
    assert "file.example.com" in repr(connect(Connection(), Settings(OAUTH, file)))
    environment = OAUTH | {"LOYALTY_BASE_URL": "https://environment.example.com"}
    assert "environment.example.com" in repr(connect(Connection(), Settings(environment, file)))
    option = Connection(base_url="https://option.example.com")
    assert "option.example.com" in repr(connect(option, Settings(environment, file)))


@pytest.mark.parametrize(
    ("option", "environment", "file", "place"),
    [
        ("Mars", {"LOYALTY_SERVER_TIMEZONE": "UTC"}, {}, "--server-timezone"),
        (None, {"LOYALTY_SERVER_TIMEZONE": "Mars"}, {"server_timezone": "UTC"}, "LOYALTY_SERVER_TIMEZONE"),
        (None, {}, {"server_timezone": "Mars"}, "server_timezone in the configuration file"),
    ],
)
def test_a_zone_of_the_server_that_is_unknown_is_told_with_its_place(
    option: str | None, environment: dict[str, str], file: dict[str, str], place: str
) -> None:
    connection = Connection(base_url="https://example.com", server_timezone=option)
    with pytest.raises(InvalidArgument, match=f"^{place} must be a zone"):
        connect(connection, Settings(OAUTH | environment, file))


def test_altcrafts_settings_are_its_own() -> None:
    file = {"altcraft.base_url": "https://file.example.com", "altcraft.token": "hunter7"}
    assert "environment.example.com" in repr(connect_altcraft(AltcraftConnection(), Settings(ALTCRAFT, file)))
    assert "file.example.com" in repr(connect_altcraft(AltcraftConnection(), Settings({}, file)))
    option = AltcraftConnection(base_url="https://option.example.com")
    assert "option.example.com" in repr(connect_altcraft(option, Settings(ALTCRAFT, file)))
    capillary = Settings(OAUTH | {"LOYALTY_BASE_URL": "https://example.com"})
    with pytest.raises(InvalidArgument, match="set ALTCRAFT_BASE_URL"):
        connect_altcraft(AltcraftConnection(), capillary)


def test_altcrafts_token_may_come_from_a_file_and_must_come_from_somewhere(tmp_path: Path) -> None:
    settings = Settings({"ALTCRAFT_BASE_URL": "https://example.com"})
    with pytest.raises(InvalidArgument, match="set ALTCRAFT_TOKEN, give --secret-file, or write"):
        connect_altcraft(AltcraftConnection(), settings)
    (tmp_path / "token").write_text("hunter8\n", encoding="utf-8")
    client = connect_altcraft(AltcraftConnection(secret_file=str(tmp_path / "token")), settings)
    assert client.accounts._credentials == {"token": "hunter8"}


def test_a_client_is_open_while_it_is_asked_and_closed_after(capsys: pytest.CaptureFixture[str]) -> None:
    client = connect_altcraft(AltcraftConnection(), Settings(ALTCRAFT))

    async def question(opened: AltcraftClient) -> str:
        await anyio.lowlevel.checkpoint()
        return repr(opened)

    assert ask(client, question).endswith(" open>")
    assert repr(client).endswith(" closed>")
    assert capsys.readouterr() == ("", "")


def test_an_error_of_the_question_comes_bare() -> None:
    client, error = connect_altcraft(AltcraftConnection(), Settings(ALTCRAFT)), UnavailableError("down")

    async def question(_: AltcraftClient) -> None:
        await anyio.lowlevel.checkpoint()
        raise error

    with pytest.raises(UnavailableError) as raised:
        ask(client, question)
    assert raised.value is error
    assert repr(client).endswith(" closed>")
