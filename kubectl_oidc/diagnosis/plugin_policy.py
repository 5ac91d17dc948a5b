"""The ``plugin-policy`` check: whether kubectl's preferences (kuberc, kubectl 1.35 and later) allow it to start the plugin.

The rules are on kubectl's page about kuberc: an entry matches the exec section's command if both are the same text, or are found
at the same path. An entry's field is ``name`` in 1.35 and ``command`` since.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig.exec_stanza import exec_of
from kubectl_oidc.kubeconfig.home import kube_directory
from kubectl_oidc.kubeconfig.parse import parse_kubeconfig
from kubectl_oidc.kubeconfig.read import read_text
from kubectl_oidc.text import sanitize

from . import problem
from .exec_stanza import NO_USER
from .plugin import find_command
from .run import Skipped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .run import DoctorRun, Observation

_POLICY, _LIST = "credentialPluginPolicy", "credentialPluginAllowlist"


def check_plugin_policy(run: DoctorRun) -> Observation:
    """Check that kubectl's preferences allow it to start the plugin."""
    environ, user = run.system.environ, run.chosen.user
    path = _preferences_path(environ)
    if user is None or path is None:
        return Skipped(NO_USER.why if path else "kubectl's preferences are off (KUBERC)")
    try:
        text = read_text(path)
        preferences = parse_kubeconfig(text or "", sanitize(path))
    except KubeconfigError as error:
        return problem(
            f"kubectl's preferences cannot be read: {error.message}",
            "correct the file, or set KUBERC=off",
            "plugin-policy",
        )
    if text is None:
        return f"every plugin is allowed: there is no {sanitize(path)}"
    return _apply_policy(run, preferences, path)


def _preferences_path(environ: Mapping[str, str]) -> Path | None:
    """Return the path of kubectl's preferences; None if they are off."""
    named = environ.get("KUBERC", "")
    if named == "off" or environ.get("KUBECTL_KUBERC", "").lower() == "false":
        return None
    return Path(named) if named else kube_directory(environ) / "kuberc"


def _entries(preferences: Mapping[str, Any]) -> list[str]:
    listed = preferences.get(_LIST) or []
    items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return [str(item.get("command") or item.get("name") or "") for item in items]


def _apply_policy(run: DoctorRun, preferences: Mapping[str, Any], path: Path) -> Observation:
    user, environ = run.chosen.user, run.system.environ
    command = str(exec_of(user).get("command") or "")
    policy, entries = str(preferences.get(_POLICY) or "AllowAll"), _entries(preferences)
    add = f"add `- command: {sanitize(command)}` (kubectl 1.35: `- name:`) under {_LIST} in {sanitize(path)}"
    if policy == "Allowlist":
        names = {name: find_command(name, user, environ) for name in (command, *entries) if name}
        there = names.get(command)
        if any(entry and (entry == command or (there and there == names[entry])) for entry in entries):
            return f"{sanitize(command)} is on the list of {sanitize(path)}"
        return problem(
            f"{sanitize(path)} lets kubectl start only listed plugins, without {sanitize(command)}",
            add,
            "plugin-policy",
        )
    if policy == "DenyAll":
        return problem(
            f"{sanitize(path)} forbids all plugins ({_POLICY}: DenyAll)",
            f"set {_POLICY}: Allowlist, and {add}",
            "plugin-policy",
        )
    if policy != "AllowAll" or entries:
        said = (
            f"the policy {sanitize(policy, limit=40)}"
            if policy != "AllowAll"
            else "a list without the policy Allowlist"
        )
        return problem(
            f"{sanitize(path)} has {said}, which kubectl refuses",
            f"set {_POLICY}: Allowlist with a list, or AllowAll without one",
            "plugin-policy",
        )
    return f"every plugin is allowed by {sanitize(path)}"
