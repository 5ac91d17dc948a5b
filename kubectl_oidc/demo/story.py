"""The story that ``kubectl oidc-login demo`` plays, step by step. Each step is checked.

    setup -> get pods -> again, without a browser -> out of the group, purged: Forbidden -> back in, purged: pods

If a step has another result, the demo ends with an error, so its exit status is a test.
"""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

from kubectl_oidc.errors import DemoError
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.system.browser import Browser
from kubectl_oidc.system.log import QUIET
from kubectl_oidc.system.signals import Interrupted
from kubectl_oidc.text import sanitize

from . import kubectl_stand_in
from .authority import Authority
from .kubernetes.api import KubernetesApi
from .output import Quoted, say
from .provider.people import ADMINS
from .provider.server import Provider
from .sandbox import USER, Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .sandbox import CommandResult

SCOPES = "email,profile,offline_access"
# kubelogin's default port, or any free port: the demo's provider accepts every port (RFC 8252 §7.3).
LISTEN = "127.0.0.1:8000,127.0.0.1:0"
GET_PODS = ("kubectl", f"--user={USER}", "get", "pods", "--all-namespaces")


def play(*, environ: Mapping[str, str], by_itself: bool = False, keep: bool = False) -> None:
    """Play the story.

    Args:
        by_itself: Whether the demo signs in by itself although there is a browser.
        keep: Whether provider and cluster keep running after the story, until Ctrl-C.

    Raises:
        DemoError: A step had another result.
        OidcLoginError: Something that the demo needs failed.
    """
    no_browser = _no_browser(environ, by_itself=by_itself)
    with ExitStack() as running:
        sandbox = running.enter_context(Sandbox(opens_browser=no_browser is None))
        authority = Authority()
        provider = running.enter_context(Provider(authority))
        authority.write(sandbox.authority_file)
        http = HttpClient(tls=TlsOptions(ca_files=(sandbox.authority_file,)), log=QUIET)
        running.callback(http.close)
        api = running.enter_context(
            KubernetesApi(authority, issuer=provider.issuer, client_id=provider.client_id, http=http)
        )
        sandbox.write_kubeconfig(api.url)
        story = _Story(sandbox, provider, api, no_browser=no_browser)
        story.tell()
        if keep:
            story.keep()


def _no_browser(environ: Mapping[str, str], *, by_itself: bool) -> str | None:
    """Return why the demo signs in by itself; None if a person signs in in the browser."""
    if by_itself:
        return "--without-browser was given"
    if environ.get("CI"):
        return "this is CI"
    return Browser.from_environment(command=None, environ=environ, platform=sys.platform).available()


class _Story:
    def __init__(
        self, sandbox: Sandbox, provider: Provider, api: KubernetesApi, *, no_browser: str | None
    ) -> None:
        self.sandbox = sandbox
        self.provider = provider
        self.api = api
        self.no_browser = no_browser
        self.steps = 0

    def tell(self) -> None:
        self._begin()
        self._set_up()
        self._first_pods()
        self._no_second_browser()
        person = self.provider.sent_back[-1]
        self._out_of_the_group(person)
        self._back_in_the_group(person)
        self._step("Done")
        say("  Now with your own provider: kubectl oidc-login setup")

    def keep(self) -> None:
        """Stay until Ctrl-C."""
        self._step("Provider and cluster stay until Ctrl-C. In another terminal:")
        for line in self.sandbox.assignments():
            say(f"  {line}")
        say(f"  {self.sandbox.shown(GET_PODS)}")
        say(f"\nThe kubeconfig: {self.sandbox.changed['KUBECONFIG']}")
        try:
            threading.Event().wait()
        except Interrupted:
            say("\nThe demo has ended and left nothing behind.")

    def _begin(self) -> None:
        self._step("An OpenID provider and a Kubernetes API start on this machine")
        say(f"  provider  {self.provider.issuer}, client ID {self.provider.client_id}")
        for person in self.provider.directory.people.values():
            say(
                f"            {person.email}, groups {', '.join(self.provider.directory.groups(person.email))}"
            )
        say(f"  cluster   {self.api.url}, group {ADMINS} has the role cluster-admin")

    def _set_up(self) -> None:
        self._step("Setup: sign in, see the ID token, write the kubeconfig")
        if self.no_browser is None:
            say("  Your browser opens. Press a button on the provider's page.")
            browser: list[str] = []
        else:
            say(f"  No browser opens ({self.no_browser}), so the demo signs in by itself.")
            browser = [f"--browser-command={_person_without_browser(self.sandbox.directory)}"]
        words = self.sandbox.words(
            "setup",
            f"--oidc-issuer-url={self.provider.issuer}",
            f"--oidc-client-id={self.provider.client_id}",
            f"--oidc-extra-scope={SCOPES}",
            f"--listen-address={LISTEN}",
            "--certificate-authority=ca.crt",
            "--token-cache-storage=disk",
            "--write-kubeconfig",
        )
        say(f"$ {self.sandbox.shown(words)}")
        self.sandbox.said = said = Quoted()
        result = self.sandbox.run([*words, *browser])
        if result.status != 0:
            raise _failed_step(result, "setup failed")
        if said.left_out:
            say(
                "  (Setup also prints how the cluster trusts the issuer, a role for the group, and the kubeconfig user.)"
            )

    def _first_pods(self) -> None:
        self._step("The first kubectl uses the session of setup, so no browser opens")
        self._pods_without_sign_in()

    def _no_second_browser(self) -> None:
        self._step("And again: the token comes from the cache, and the provider is not asked")
        asked = self.provider.token_requests
        self._pods_without_sign_in(show=False)
        if self.provider.token_requests != asked:
            raise DemoError("a cached token was asked for again", "run the demo again, and report it")
        say("  the same pods; the provider was not asked")

    def _out_of_the_group(self, person: str) -> None:
        self._step(f"{person} is taken out of {ADMINS}, and the cached token purged: Forbidden")
        self.provider.directory.leave(person, ADMINS)
        self._purge()
        result = self._get_pods()
        if (
            result.status == 0
            or f'is forbidden: User "{person}" cannot list resource "pods"' not in result.err
        ):
            raise _failed_step(result, "get pods was not forbidden")

    def _back_in_the_group(self, person: str) -> None:
        self._step(f"{person} is back in {ADMINS}, purged again: the pods are listed as before")
        self.provider.directory.join(person, ADMINS)
        self._purge()
        before = len(self.provider.sent_back)
        self._pods()
        if len(self.provider.sent_back) != before + 1:
            raise DemoError("there was no new sign-in after the purge", "run the demo again, and report it")
        say("  (You were still signed in at the provider, so you typed nothing.)")

    def _purge(self) -> None:
        words = self.sandbox.words("purge")
        say(f"$ {self.sandbox.shown(words)}")
        self.sandbox.said = Quoted()
        result = self.sandbox.run(words)
        if result.status != 0:
            raise _failed_step(result, "purge failed")

    def _pods_without_sign_in(self, *, show: bool = True) -> None:
        before = len(self.provider.sent_back)
        self._pods(show=show)
        if len(self.provider.sent_back) != before:
            raise DemoError("a browser opened a second time", "run the demo again, and report it")

    def _pods(self, *, show: bool = True) -> None:
        result = self._get_pods()
        if show:
            quoted = Quoted()
            for line in result.out.splitlines():
                quoted(line)
        if result.status != 0 or "coredns" not in result.out:
            raise _failed_step(result, "get pods listed no pods")

    def _get_pods(self) -> CommandResult:
        self.sandbox.said = Quoted()
        if self.sandbox.kubectl:
            say(f"$ {self.sandbox.shown(GET_PODS)}")
            return self.sandbox.run(GET_PODS)
        say(
            f"$ {self.sandbox.shown(GET_PODS)}   (kubectl is not installed; the demo makes the same requests)"
        )
        return kubectl_stand_in.get_pods(self.sandbox)

    def _step(self, words: str) -> None:
        self.steps += 1
        say(f"\n{self.steps}. {words}")


def _person_without_browser(directory: Path) -> str:
    module = "kubectl_oidc.demo.scripted_person"
    return Sandbox.joined([sys.executable, "-I", "-m", module, "--cookies", str(directory / "cookies")])


def _failed_step(result: CommandResult, what: str) -> DemoError:
    lines = [line for line in result.err.splitlines() if line.strip()]
    said = next(
        (line for line in lines if line.startswith("error: ")),
        lines[0] if lines else f"status {result.status}",
    )
    return DemoError(
        f"{what}: {sanitize(said.removeprefix('error: '))}", "run the demo again, and report it if it stays"
    )
