"""What `import loyalty_async` gives, and what it costs."""

import importlib
import inspect
import pkgutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

import loyalty_async
from loyalty_async import CapillaryClient, Customer, UserGroup
from loyalty_async.endpoints.ledger_info import LedgerEndpoint

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OPTIONAL = (
    "aiohttp",
    "coredis",
    "cyclopts",
    "httpx_aiohttp",
    "opentelemetry",
    "psycopg",
    "pyarrow",
    "rich",
    "starlette",
    "uvicorn",
)
NOT_FOR_CLIENTS = ("cli", "sandbox")
NEEDS_AN_EXTRA = {
    "loyalty_async.otel",
    "loyalty_async.transport.aiohttp_engine",
    "loyalty_async.transport.redis_store",
}


def modules() -> list[str]:
    """Name all modules of the package that a client is made of."""
    found = (module.name for module in pkgutil.walk_packages(loyalty_async.__path__, "loyalty_async."))
    return [name for name in found if name.split(".")[1] not in NOT_FOR_CLIENTS]


def test_all_is_sorted_and_holds_nothing_twice() -> None:
    assert loyalty_async.__all__ == sorted(set(loyalty_async.__all__))


@pytest.mark.parametrize("name", loyalty_async.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(loyalty_async, name) is not None


def test_what_the_root_imports_is_public() -> None:
    imported = {
        name for name, value in vars(loyalty_async).items() if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert imported == set(loyalty_async.__all__) - {"__version__"}


@pytest.mark.parametrize("name", modules())
def test_every_module_says_what_it_offers_and_offers_what_it_says(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    offered = getattr(module, "__all__", None)
    if offered is None:
        assert Path(str(module.__file__)).name == "__init__.py"
        return
    assert len(set(offered)) == len(offered)
    assert all(hasattr(module, each) for each in offered)


def test_every_model_is_public() -> None:
    offered: set[str] = set()
    for module in pkgutil.iter_modules(importlib.import_module("loyalty_async.models").__path__):
        if module.name != "fields":
            offered |= set(importlib.import_module(f"loyalty_async.models.{module.name}").__all__)
    wrappers = {"ExplodedEvents", "Token"}  # What an answer or a call is wrapped in; no caller meets them.
    assert offered - wrappers <= set(loyalty_async.__all__)


DESIGN = {
    *("AltcraftClient", "CapillaryClient", "Basic", "OAuth", "RateLimit"),
    *("Customer", "Profile", "UserGroup"),
    *("IncompleteLedgerError", "InvalidArgument", "LoyaltyError"),
}
"""What the design shows its users, so far."""


def test_the_names_of_the_design_are_there() -> None:
    assert set(loyalty_async.__all__) >= DESIGN


@pytest.mark.parametrize(
    "call",
    [
        CapillaryClient,
        LedgerEndpoint.entries,
        Customer.by_id,
        Customer.by_mobile,
        Customer.by_email,
        Customer.by_external_id,
        UserGroup.by_id,
        UserGroup.by_external_id,
        UserGroup.by_primary_user,
    ],
)
def test_arguments_after_the_first_are_keyword_only(call: Callable[..., object]) -> None:
    parameters = [each for each in inspect.signature(call).parameters.values() if each.name != "self"]
    positional = [each.name for each in parameters if each.kind is not each.KEYWORD_ONLY]
    assert positional == [parameters[0].name]


def test_the_version_is_the_projects() -> None:
    assert loyalty_async.__version__ == PROJECT["version"]


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "loyalty_async" / "py.typed").is_file()


def test_the_package_works_where_nothing_optional_is_installed() -> None:
    """Looking at what was imported would not do: httpx imports rich for its own command line where it finds it."""
    code = f"""
import sys
for name in {(*OPTIONAL, "click", "trio", "pytest", "hypothesis")!r}:
    sys.modules[name] = None  # `import name` then raises ImportError
import importlib
for name in {sorted(set(modules()) - NEEDS_AN_EXTRA)!r}:
    importlib.import_module(name)
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert (run.returncode, run.stderr) == (0, "")


def test_the_optional_packages_looked_for_are_those_of_the_extras() -> None:
    extras = [name for extra in PROJECT["optional-dependencies"] for name in PROJECT["optional-dependencies"][extra]]
    distributions = {name.partition(">")[0].partition("[")[0].replace("-", "_") for name in extras}
    named = {name.replace("opentelemetry", "opentelemetry_api") for name in OPTIONAL}
    assert named <= distributions


def test_importing_the_package_prints_and_warns_nothing() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import loyalty_async"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
