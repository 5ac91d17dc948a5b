"""The names in a kubeconfig, for a shell that completes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import click


def complete_names(kind: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return what completes the names of the kubeconfig's contexts or users."""

    def beginning(ctx: click.Context, _param: click.Parameter, unfinished: str) -> list[str]:
        import os

        from kubectl_oidc.kubeconfig import read_kubeconfig

        known: Mapping[str, object] = getattr(read_kubeconfig(ctx.params.get("kubeconfig"), os.environ), kind)
        return [name for name in known if name.startswith(unfinished)]

    return beginning
