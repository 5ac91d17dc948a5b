"""The session that a command line names is held to the rules for its exec section, however the user is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.cli.commands.doctor import doctor
from kubectl_oidc.cli.commands.logout import logout
from kubectl_oidc.cli.users.search import find_target
from kubectl_oidc.errors import KubeconfigError
from tests.topics import about

if TYPE_CHECKING:
    from pathlib import Path

    import click

    from tests.settings_files import Machine

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: {current}
contexts:
- {{name: x, context: {{cluster: c, user: oidc}}}}
users:
- name: oidc
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: kubectl-oidc_login
      args: [get-token, --oidc-issuer-url=https://issuer.example.com, --oidc-client-id=kubernetes, --browser-command=evil]
      env: [{{name: KUBECTL_OIDC_INSECURE_SKIP_TLS_VERIFY, value: "true"}}]
"""


@pytest.mark.parametrize("words", [("--context=x",), ("--user=oidc",), ()])
@pytest.mark.parametrize("command", [logout, doctor])
def test_no_way_to_name_the_user_brings_back_what_a_rule_takes_away(
    machine: Machine, tmp_path: Path, command: click.Command, words: tuple[str, ...]
) -> None:
    """With the kubeconfig's path, which is typed too."""
    machine.has('[rules]\nforbidden-in-exec-section = ["browser-command", "insecure-skip-tls-verify"]\n')
    path = tmp_path / "kubeconfig"
    path.write_text(KUBECONFIG.format(current='""' if words else "x"))
    with command.make_context(command.name, [*words, f"--kubeconfig={path}"]) as context:
        asked = find_target(context.params, "end" if command is logout else "sign in").request
    assert asked.refusal
    assert about("policy", "--browser-command")(asked.refusal)
    assert (asked.browser.command, asked.tls.insecure) == (None, False)


def test_who_signs_out_without_any_kubeconfig_is_not_told_to_run_setup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nothing"))
    with logout.make_context(logout.name, []) as context:
        with pytest.raises(
            KubeconfigError, check=about("stanza", "--oidc-issuer-url", "--oidc-client-id")
        ) as ended:
            find_target(context.params, "end")
        with pytest.raises(KubeconfigError, check=about("stanza", "setup")):
            find_target(context.params)
    assert "setup" not in ended.value.hint
