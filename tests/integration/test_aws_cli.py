"""What EKS is told is understood by a real AWS CLI; nothing is sent, because it is only asked what the answer would look like."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.manifests.cluster_type import Cluster
from kubectl_oidc.manifests.eks import eks, eks_command
from kubectl_oidc.manifests.manifest import FILE
from kubectl_oidc.manifests.trust import ClusterTrust
from tests import parts

from .page_steps import commands

if TYPE_CHECKING:
    from pathlib import Path

ASSOCIATE = "aws eks associate-identity-provider-config"
PLAIN = ClusterTrust(issuer="https://dev-1.okta.com/oauth2/aus1", audience="0oa1")
AWKWARD = ClusterTrust(issuer="https://dev-1.okta.com/a=b", audience="a,b c", groups_prefix='it\'s "o":')


def understood(command: str) -> bool:
    """Tell whether the AWS CLI takes a command: its flags, what stands in them, and that nothing is missing."""
    if shutil.which("aws") is None:
        # In CI too: tools/test_parts.py does not install it. What setup prints for EKS is held by tests/unit/manifests/.
        pytest.skip("there is no AWS CLI")
    words = f"{command} --region=eu-central-1 --generate-cli-skeleton=output"
    done = subprocess.run(
        [parts.program("sh"), "-c", words], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode == 0 and "update" in json.loads(done.stdout)


def test_the_command_of_the_tutorial_is_understood() -> None:
    """And one with a word that the AWS CLI does not know is not."""
    (command,) = {step.text for step in commands() if step.text.startswith(ASSOCIATE)}
    assert understood(command)
    assert not understood(command.replace("issuerUrl=", "issuer="))


@pytest.mark.parametrize("trust", [PLAIN, AWKWARD], ids=["plain", "awkward"])
def test_what_setup_prints_and_writes_is_understood(trust: ClusterTrust, tmp_path: Path) -> None:
    """The command, in shorthand or in JSON, and the file that it takes in the place of flags."""
    assert understood(shlex.join(eks_command(trust, Cluster(name="prod"))))
    file = tmp_path / "eks.json"
    (manifest,) = [one for one in eks(trust, Cluster(name="prod")).manifests if one.name.endswith(".json")]
    file.write_text(json.dumps(manifest.content))
    assert manifest.command is not None
    assert understood(shlex.join(word.replace(FILE, str(file)) for word in manifest.command))
