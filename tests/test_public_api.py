"""What `import loyalty_async` gives, and what it costs."""

import ast
import importlib
import inspect
import pickle
import pkgutil
import subprocess
import sys
import tomllib
import typing
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


def python(code: str) -> list[str]:
    """Run code in an interpreter of its own, and give the words that it prints."""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout.split()


def imported_by(code: str) -> set[str]:
    """Say what modules some code brings, beside those of the standard library."""
    brought = python(f"{code}; import sys; print(*sys.modules)")
    return {name for name in brought if name.partition(".")[0] not in sys.stdlib_module_names}


def test_all_is_sorted_and_holds_nothing_twice() -> None:
    assert loyalty_async.__all__ == sorted(set(loyalty_async.__all__))


@pytest.mark.parametrize("name", loyalty_async.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(loyalty_async, name) is not None


def test_the_root_finds_each_name_where_type_checkers_see_it() -> None:
    (seen,) = (
        each
        for each in ast.parse(Path(str(loyalty_async.__file__)).read_text()).body
        if isinstance(each, ast.If) and ast.unparse(each.test) == "typing.TYPE_CHECKING"
    )
    imports = [each for each in seen.body if isinstance(each, ast.ImportFrom)]
    homes = {name.name: str(each.module) for each in imports for name in each.names}
    assert homes == {name: f"loyalty_async.{home}" for name, home in loyalty_async._HOMES.items()}
    assert sorted([*homes, "__version__"]) == loyalty_async.__all__


def test_the_root_gives_nothing_that_is_not_public() -> None:
    there = {name for name, value in vars(loyalty_async).items() if not inspect.ismodule(value)}
    assert {name for name in there if not name.startswith("_")} <= set(loyalty_async.__all__)
    with pytest.raises(AttributeError, match=r"module 'loyalty_async' has no attribute 'Custmer'"):
        _ = loyalty_async.Custmer  # type: ignore[attr-defined]


def test_the_root_lists_its_names_before_they_are_imported() -> None:
    assert python("import loyalty_async; print(*{*loyalty_async.__all__} - {*dir(loyalty_async)})") == []


def test_a_star_imports_every_name() -> None:
    code = "from loyalty_async import *; import loyalty_async; print(*{*loyalty_async.__all__} - {*globals()})"
    assert python(code) == []


def test_threads_that_import_at_once_get_the_same() -> None:
    code = """
import sys
sys.setswitchinterval(1e-6)
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
together = Barrier(16)
def everything(number):
    together.wait()
    import loyalty_async
    names = loyalty_async.__all__ if number % 2 else reversed(loyalty_async.__all__)
    return {name: id(getattr(loyalty_async, name)) for name in names}
with ThreadPoolExecutor(16) as threads:
    first, *others = threads.map(everything, range(16))
print(all(other == first for other in others))
"""
    assert python(code) == ["True"]


CLASSES = [each for name in loyalty_async.__all__ if inspect.isclass(each := getattr(loyalty_async, name))]


@pytest.mark.parametrize("kind", CLASSES)
def test_a_public_class_is_pickled_by_where_it_is_at_home(kind: type) -> None:
    assert pickle.loads(pickle.dumps(kind)) is kind  # noqa: S301 - our own


@pytest.mark.parametrize("kind", CLASSES)
def test_the_type_hints_of_a_public_class_can_be_read(kind: type) -> None:
    written = vars(sys.modules[kind.__module__])  # What attrs writes has other names around it.
    typing.get_type_hints(kind)
    for function in vars(kind).values():
        if inspect.isfunction(function) and function.__globals__ is written:
            typing.get_type_hints(function)


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
        if module.name not in {"fields", "late"}:  # What models are made with.
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
    assert python(code) == []


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


def test_importing_the_package_imports_nothing_of_it_and_nobody_else() -> None:
    assert imported_by("import loyalty_async") - imported_by("pass") == {"loyalty_async"}


def test_errors_and_members_are_imported_without_an_engine() -> None:
    found = imported_by("from loyalty_async import Customer, LoyaltyError")
    assert found.isdisjoint({"anyio", "cattrs", "httpx", "msgspec", "loyalty_async.client"})


CLIENTS = (
    "from loyalty_async import AltcraftClient, Basic, CapillaryClient, RateLimit; "
    "altcraft = AltcraftClient('https://example.com', token='t'{options}); "
    "client = CapillaryClient('https://example.com', auth=Basic('till', 'password'), rate_limit=RateLimit(9, per=1.0))"
)


@pytest.mark.parametrize(
    ("options", "use", "expected"),
    [
        ("", "", set()),
        ("", "; client.events", {"loyalty_async.models.events", "loyalty_async.models.happenings"}),
        (", dialect='xml'", "", {"defusedxml", "loyalty_async.wire.xml"}),
    ],
)
def test_a_client_imports_what_few_need_only_for_them(options: str, use: str, expected: set[str]) -> None:
    rare = {
        "defusedxml",
        "loyalty_async.models.events",
        "loyalty_async.models.happenings",
        "loyalty_async.transport.shared_permits",
        "loyalty_async.wire.xml",
    }
    assert imported_by(CLIENTS.format(options=options) + use) & rare == expected


def test_a_client_that_was_made_imports_nothing_more_of_the_package_for_a_ledger() -> None:
    made = CLIENTS.format(options="")
    use = "; client.ledger.entries(Customer.by_id(1, source='INSTORE')).__aiter__()"
    before = imported_by(f"from loyalty_async import Customer; {made}")
    assert imported_by(f"from loyalty_async import Customer; {made}{use}") == before
