from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.cli.settings import USUAL_FILE, VARIABLES, Settings, load_settings, read_values
from loyalty_async.errors import InvalidArgument

WHOLE = b"""
base_url = "https://file.example.com"
key = "file-key"
secret = "hunter2"
till = "file.till"
password = "hunter3"
server_timezone = "Asia/Kolkata"
quota_store = "redis://127.0.0.1:6379/0"
source = "WECHAT"

[altcraft]
base_url = "https://altcraft.example.com"
token = "hunter4"
"""

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no mode bits")


def written(folder: Path, content: bytes = WHOLE, mode: int = 0o600, name: str = USUAL_FILE) -> Path:
    file = folder / name
    file.write_bytes(content)
    file.chmod(mode)
    return file


def test_every_setting_may_stand_in_the_file() -> None:
    values = read_values(WHOLE)
    assert values.keys() == VARIABLES.keys()
    assert values["altcraft.token"] == "hunter4"


def test_an_option_goes_before_the_environment_and_that_before_the_file() -> None:
    settings = Settings({"LOYALTY_SOURCE": "environment"}, {"source": "file"})
    for option, expected in (("option", "option"), (None, "environment")):
        setting = settings.find("source", option)
        assert setting is not None
        assert setting.value == expected
    assert Settings({}, {"source": "file"}).find("source") is not None
    assert Settings({}).find("source") is None


@pytest.mark.parametrize(
    ("settings", "option", "place"),
    [
        (Settings({}), "x", "--server-timezone"),
        (Settings({"LOYALTY_SERVER_TIMEZONE": "x"}), None, "LOYALTY_SERVER_TIMEZONE"),
        (Settings({}, {"server_timezone": "x"}), None, "server_timezone in the configuration file"),
    ],
)
def test_a_setting_knows_where_it_stands(settings: Settings, option: str | None, place: str) -> None:
    setting = settings.find("server_timezone", option)
    assert setting is not None
    assert setting.place == place


def test_an_empty_variable_is_none() -> None:
    setting = Settings({"LOYALTY_SOURCE": ""}, {"source": "file"}).find("source")
    assert setting is not None
    assert setting.value == "file"


def test_the_option_names_the_file_before_the_environment_and_that_before_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(None, {}).file == {}
    written(tmp_path, b'source = "usual"')
    named = written(tmp_path, b'source = "named"', name="named.toml")
    option = written(tmp_path, b'source = "option"', name="option.toml")
    assert load_settings(None, {}).file == {"source": "usual"}
    assert load_settings(None, {"LOYALTY_CONFIG": str(named)}).file == {"source": "named"}
    assert load_settings(str(option), {"LOYALTY_CONFIG": str(named)}).file == {"source": "option"}


def test_a_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    written(tmp_path)
    assert load_settings(None, {"LOYALTY_CONFIG": f"~/{USUAL_FILE}"}).file["source"] == "WECHAT"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'sekret = "hunter2"', "unknown key in the configuration file: sekret; known are base_url, key, secret"),
        (b'[altcraft]\ntokken = "hunter2"', "unknown key in the configuration file: altcraft.tokken"),
        (b'[loyalty]\nkey = "hunter2"', "unknown key in the configuration file: loyalty"),
        (b'"\\u001b[2J" = "hunter2"', "unknown key in the configuration file: with odd characters"),
        (b"secret = 20061", "secret in the configuration file must be a text"),
        (b"secret = ['hunter2']", "secret in the configuration file must be a text"),
        (b"[secret]\nvalue = 'hunter2'", "secret in the configuration file must be a text"),
        (b"key = true", "key in the configuration file must be a text"),
        (b"key = ' '", "key in the configuration file must be a text that is not empty"),
        (b"[altcraft]\ntoken = 20061", "altcraft.token in the configuration file must be a text"),
        (b"altcraft = 'hunter2'", "altcraft in the configuration file must be a table"),
        (b"secret = hunter2", "not TOML (at line 1, column 10)"),
        (b"secret = 'hunter2", "not TOML (at end of document)"),
        (b"hunter2 = 1\nhunter2 = 2", "not TOML (at "),
        (b"[hunter2]\n[hunter2]", "not TOML (at line 2, column 9)"),
        (b"key = " + b"[" * 10_000, "not TOML"),
        (b"key = " + b"9" * 10_000, "not TOML"),
        (b"secret = '\xff'", "not UTF-8"),
    ],
)
def test_what_should_not_be_in_the_file_is_told_without_the_value(content: bytes, said: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        read_values(content)
    text = str(refused.value)
    assert said in text
    assert "hunter2" not in text
    assert "20061" not in text
    assert text.isprintable()


@given(st.binary(max_size=100))
def test_whatever_is_in_the_file_is_settings_or_an_error_of_our_tree(content: bytes) -> None:
    with contextlib.suppress(InvalidArgument):
        assert read_values(content).keys() <= VARIABLES.keys()


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="the configuration file is not there"):
        load_settings(str(tmp_path / "none.toml"), {})
    with pytest.raises(InvalidArgument, match="the configuration file is not there"):
        load_settings(None, {"LOYALTY_CONFIG": str(tmp_path / "none.toml")})


@pytest.mark.parametrize("path", [".", "a\0b", "~nobody-of-this-name/x"])
def test_a_file_that_cannot_be_read_is_told(path: str) -> None:
    with pytest.raises(InvalidArgument, match=r"the configuration file (cannot be read: |is not there)"):
        load_settings(path, {})


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_secrets_that_others_may_read_are_warned_of(
    mode: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load_settings(str(written(tmp_path, mode=mode)), {}).file
    err = capsys.readouterr().err
    assert err.startswith("loyalty-async: warning: the configuration file holds secrets, and others may read it")
    assert err.count("\n") == 1
    assert "hunter" not in err


@posix
@pytest.mark.parametrize(("content", "mode"), [(WHOLE, 0o600), (WHOLE, 0o400), (b'source = "WECHAT"', 0o644)])
def test_secrets_that_nobody_else_may_read_and_other_settings_are_not(
    content: bytes, mode: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load_settings(str(written(tmp_path, content, mode)), {})
    assert capsys.readouterr().err == ""


@posix
def test_a_usual_file_that_somebody_else_put_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = written(tmp_path)
    owner = file.stat().st_uid or 1
    if file.stat().st_uid == 0:
        os.chown(file, owner, -1)
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(InvalidArgument, match="belongs to another user: to use it, give --config"):
        load_settings(None, {})
    assert load_settings(USUAL_FILE, {}).file


def test_no_setting_shows_in_a_repr() -> None:
    settings = Settings({"LOYALTY_SECRET": "hunter1"}, read_values(WHOLE))
    assert "hunter" not in f"{settings!r} {settings.find('secret')!r}"
