"""Somebody who does what a page says, at a terminal, with the demo's provider and cluster in the place of their own."""

from __future__ import annotations

import re
import textwrap
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from ruamel.yaml import YAML

from kubectl_oidc.demo.provider.people import ADMINS
from kubectl_oidc.yaml_text import yaml_block
from tests.client_keys import public_half, public_jwk
from tests.parts import REPOSITORY
from tests.plugin import run_plugin
from tests.workload import issued, projected

from .demo_world import ALICE, BOB, person
from .laptop import V1
from .scripted_browser import ScriptedBrowser
from .shell import Shell, Typed

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from .demo_world import Demo
    from .realm import OpenIdProvider, Realm

CONTEXT, USER = "demo", "oidc"


class Reader:
    """The reader of one page, at a terminal in the test's home; nobody has signed in there yet.

    Args:
        demo: The demo.
        realms: Return the provider of the other tests, for what the demo's has not.

    Attributes:
        demo: The demo.
        kubeconfig: The reader's kubeconfig.
    """

    def __init__(self, demo: Demo, realms: Callable[[], OpenIdProvider]) -> None:
        self.demo = demo
        self.kubeconfig = Path.home() / ".kube" / "config"
        self._realms = realms
        self._browser = Path.home() / "browser"
        self._sign_ins = 0
        self._save_as = ""
        self._staying: list[Shell] = []
        self.signs_in_as(ALICE)
        self._at(demo.provider.issuer, demo.provider.client_id)
        self._write(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [
                    {
                        "name": CONTEXT,
                        "cluster": {"server": demo.server, "certificate-authority": str(demo.authority)},
                    }
                ],
                "contexts": [],
                "users": [{"name": "administrator", "user": {"token": demo.administrator}}],
                "current-context": CONTEXT,
            }
        )
        self._has_context(CONTEXT, "administrator")
        self._variables = {
            "KUBECTL_OIDC_BROWSER_COMMAND": str(self._browser),
            "KUBECTL_OIDC_CERTIFICATE_AUTHORITY": str(demo.authority),
            "KUBECTL_OIDC_LISTEN_ADDRESS": "127.0.0.1:0",
            "KUBECTL_OIDC_TOKEN_CACHE_STORAGE": "disk",
        }
        self._shells = ExitStack()
        self._shell = self._new_shell(**self._variables)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shells.close()
        self.demo.as_it_was()

    # What a page says

    def reads(self, sentence: str) -> None:
        """Do what a sentence, or a command, asks for beside typing."""
        for phrase, do in DEEDS.items():
            if phrase in sentence:
                do(self)
        if saved := re.search(r"Save as `([^`]+)`", sentence):
            self._save_as = saved[1]

    def copies(self, manifest: str) -> None:
        """Copy a YAML block of the page: into the file that the page names, or its users into the kubeconfig."""
        text = self.own(textwrap.dedent(manifest))
        if self._save_as:
            Path(self._save_as).write_text(text)
            self._save_as = ""
            return
        document = YAML(typ="safe").load(text)
        users = document.get("users", []) if isinstance(document, dict) else document
        for user in users if isinstance(users, list) else ():
            if "user" in user:
                self._has_user(user["name"], user["user"])

    def types(self, command: str) -> Typed:
        """Type a command of the page and wait for its end, unless it stays."""
        self.reads(command)
        before = len(self.demo.provider.sent_back)
        if command.endswith("--keep"):
            shell = self._new_shell()
            shell.type(f"{self.own(command)}\n".encode())
            self._staying.append(shell)
            return Typed(0, "")
        typed = self._shell.run(self.own(command))
        self._sign_ins = len(self.demo.provider.sent_back) - before
        return typed

    def sees(self, shown: str) -> str:
        """Return what a page shows below a command as this reader must see it."""
        return shown.replace("you@example.com", ALICE)

    def own(self, text: str) -> str:
        """Return a text of a page with the reader's own names in the place of its examples."""
        for pattern, value in (
            (r"(?<=setup )…", "--oidc-issuer-url=… --oidc-client-id=… --oidc-extra-scope=email"),
            (r"(?<=--oidc-issuer-url=)\S+|\bISSUER_URL\b", self._issuer),
            (r"(?<=--oidc-client-id=)\S+|\b(CI_)?CLIENT_ID\b", self._client),
            (r"^make\b", f"make --no-print-directory --directory={REPOSITORY} --old-file=.venv/.demo"),
            # The demo's cluster cannot be changed, and publishes no schema.
            (r"\bkubectl apply\b", "kubectl apply --dry-run=client --validate=false"),
            (r"\bada-admin@", "bob@"),
            (r"\bada@", "alice@"),
        ):
            text = re.sub(pattern, value, text)
        return text

    # What the reader does

    def is_signed_in(self) -> None:
        """Have a user in the kubeconfig, and sign in; what is not typed is forked."""
        self._has_own_user(USER, "--oidc-extra-scope=email,profile,offline_access")
        self._has_context(CONTEXT, USER)
        done = run_plugin("login", env=self._variables)
        assert done.returncode == 0, done.stderr

    def signs_in_as(self, email: str) -> None:
        """Set whose button is pressed at the demo's provider from now on."""
        self._opens(person(email, "--cookies", str(Path.home() / "cookies")))

    def leaves(self) -> None:
        """Be taken out of the group that administers."""
        self.demo.provider.directory.leave(ALICE, ADMINS)

    def is_back(self) -> None:
        """Be put into it again."""
        self.demo.provider.directory.join(ALICE, ADMINS)

    def makes_it_the_default(self) -> None:
        """Have the user that was written in the context, as the kubeconfig that everybody gets has it."""
        self._has_context(CONTEXT, USER)

    def is_in_a_group_by_its_path(self) -> None:
        """Sign in with a group whose name is not the one in the role binding, but looks like it."""
        self.leaves()
        self.demo.provider.directory.join(ALICE, f"/{ADMINS}")
        self.is_signed_in()

    def saw_a_browser(self) -> None:
        """Have signed in during the last command."""
        assert self._sign_ins == 1

    def saw_no_browser(self) -> None:
        """Have typed the last command without a sign-in."""
        assert self._sign_ins == 0

    def opens_another_terminal(self) -> None:
        """Go on in a terminal of its own, with what the demo said."""
        for shell in self._staying:
            shell.shows("The kubeconfig: ")
        self._shell = self._new_shell()
        for line in re.findall(r"^  export .*$", self._staying[-1].text(), re.MULTILINE):
            assert self._shell.run(line).status == 0

    def presses_ctrl_c(self) -> None:
        """End what stays, as the page says."""
        for shell in self._staying:
            shell.type(b"\x03")
            assert "demo has ended" in shell.wait().said

    def has_kubelogins_stanza(self) -> None:
        """Have a kubeconfig that was written for kubelogin."""
        config = self._read()
        (exec_,) = [user["user"]["exec"] for user in config["users"] if user["name"] == USER]
        exec_.update(command="kubectl", args=["oidc-login", *exec_["args"]])
        self._write(config)

    def has_a_kubeconfig_for_ci(self) -> None:
        """Have what stands on the page in a file of its own, and a machine's account."""
        config = self._read()
        self.kubeconfig = Path("ci.yaml")
        self._write({**config, "users": []})
        self._has_context(CONTEXT, "ci")
        self._at_realm(self._realms().new_realm(more_grants=True), "robot")
        assert self._shell.run("OIDC_SECRET='secret of the robot'").status == 0

    def has_another_context(self) -> None:
        """Have a context `production`, whose provider has device codes."""
        self._at_realm(self._realms().new_realm(more_grants=True), "device")
        self._has_own_user("production")
        self._has_context("production", "production")

    def has_a_client_with_a_secret(self) -> None:
        """Be at a provider whose client has a secret, in the file that the page names."""
        self._at_realm(self._realms().new_realm(), "posting")
        self._keeps_secret(".config/google-client-secret", "secret to be posted")

    def has_a_client_that_exchanges(self) -> None:
        """Be at a provider that exchanges tokens for a client with a secret."""
        self._at_realm(self._realms().new_realm(token_exchange=True), "exchanger-with-secret")
        self._keeps_secret(".kube/kubectl.secret", "secret of the exchanger")

    def gives_the_key_away(self) -> None:
        """Register the public half of the key that was just made."""
        key = load_pem_private_key((Path.home() / ".config" / "oidc-client.pem").read_bytes(), None)
        self._at_realm(
            self._realms().new_realm(more_grants=True, client_keys=[public_half(key, "ES256", kid="KEY_ID")]),
            "signing",
        )

    # How

    def has_a_platform_s_token(self) -> None:
        """Have the token of a workload, which the provider takes as the client's."""
        keys = [public_jwk("rsa", "RS256", kid="rsa key")]
        realm = self._realms().new_realm(more_grants=True, client_keys=keys)
        self._at_realm(realm, "signing-robot")
        projected(Path.home() / "token", issued(realm.issuer, subject="signing-robot"))

    def _at(self, issuer: str, client: str) -> None:
        self._issuer, self._client = issuer, client

    def _at_realm(self, realm: Realm, client: str) -> None:
        self._at(realm.issuer, client)
        directory = Path.home() / "realm"
        directory.mkdir()
        self._opens(str(ScriptedBrowser(directory).command))

    def _opens(self, command: str) -> None:
        self._browser.write_text(f'#!/bin/sh\nexec {command} "$1"\n')
        self._browser.chmod(0o700)

    def _keeps_secret(self, file: str, secret: str) -> None:
        path = Path.home() / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(secret)

    def _new_shell(self, **variables: str) -> Shell:
        return self._shells.enter_context(Shell(variables))

    def _has_own_user(self, name: str, *more: str) -> None:
        args = ["get-token", f"--oidc-issuer-url={self._issuer}", f"--oidc-client-id={self._client}", *more]
        stanza = {"apiVersion": V1, "interactiveMode": "IfAvailable", "command": "kubectl-oidc_login"}
        self._has_user(name, {"exec": {**stanza, "args": args}})

    def _has_user(self, name: str, user: dict[str, Any]) -> None:
        config = self._read()
        config["users"] = [one for one in config["users"] if one["name"] != name]
        config["users"].append({"name": name, "user": user})
        self._write(config)

    def _has_context(self, name: str, user: str) -> None:
        config = self._read()
        config["contexts"] = [one for one in config["contexts"] if one["name"] != name]
        config["contexts"].append({"name": name, "context": {"cluster": CONTEXT, "user": user}})
        self._write(config)

    def _read(self) -> dict[str, Any]:
        config: dict[str, Any] = YAML(typ="safe").load(self.kubeconfig)
        return config

    def _write(self, config: dict[str, Any]) -> None:
        self.kubeconfig.parent.mkdir(exist_ok=True)
        self.kubeconfig.write_text(yaml_block(config) + "\n")


DEEDS: dict[str, Callable[[Reader], None]] = {
    # docs/tutorial-demo.md
    "Open another terminal and paste those lines": Reader.opens_another_terminal,
    "Press Ctrl-C in the first terminal": Reader.presses_ctrl_c,
    # docs/tutorial-okta-eks.md
    "lists the pods, and no browser opens": Reader.saw_no_browser,
    "take yourself out of `eks-admins`": Reader.leaves,
    "The browser opens for a moment, and then": Reader.saw_a_browser,
    "Put yourself back": Reader.is_back,
    # docs/how-to-accounts.md
    "--session=admin --user=admin": lambda reader: reader.signs_in_as(BOB),
    "--session=daily --user=daily": lambda reader: reader.signs_in_as(ALICE),
    # docs/how-to-another-audience.md
    "exchange the token of the sign-in for one": Reader.has_a_client_that_exchanges,
    # docs/how-to-ci.md
    "It contains no secret, so you can commit it": Reader.has_a_kubeconfig_for_ci,
    # docs/how-to-client-authentication.md
    "--oidc-client-assertion-key-id=KEY_ID": Reader.gives_the_key_away,
    # docs/how-to-doctor.md
    "`kubectl` says *Unauthorized* or *Forbidden*": Reader.is_in_a_group_by_its_path,
    # docs/how-to-fleet.md
    "On a machine, as the person": Reader.makes_it_the_default,
    # docs/how-to-from-kubelogin.md
    "rewrites the users of a kubeconfig from kubelogin's exec section": Reader.has_kubelogins_stanza,
    # docs/how-to-policy.md
    "Check it on one machine first": Reader.makes_it_the_default,
    # docs/how-to-sessions.md
    "--context=production": Reader.has_another_context,
    # docs/how-to-support.md
    "On the person's machine, in the terminal": Reader.makes_it_the_default,
    # docs/how-to-workloads.md
    "Or let `setup` write it": Reader.has_a_platform_s_token,
    # docs/providers/google.md
    "So put it into a file next to the kubeconfig": Reader.has_a_client_with_a_secret,
}
"""What a reader does at these words of a page."""
