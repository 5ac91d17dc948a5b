"""The values of a command's flags, and where they come from: what the rules about flags are asked of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubectl_oidc import csv_text
from kubectl_oidc.errors import UsageError
from kubectl_oidc.oidc.flags import GITHUB_AUDIENCE, PLATFORM_TOKEN_FILE
from kubectl_oidc.urls import is_loopback_url

from .authorization import LISTEN
from .flags import FLAGS
from .variables import DEFAULT, OF_VARIABLE, TYPED, key, variable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .flag import Flag
    from .variables import Source

GRANT, REDIRECT = "--grant-type", "--oidc-redirect-url"


class FlagValues:
    """The values of a command's flags, and where they come from.

    Args:
        values: The values by the options' names.
        sources: Where they come from (`variables.TYPED` and so on); by default the current click context knows it.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        flags: Sequence[Flag] = FLAGS,
        sources: Mapping[str, Source] | None = None,
    ) -> None:
        if sources is None:
            from .click_options import current_sources

            sources = current_sources()
        self.flags = flags
        self._values = values
        self._sources = sources

    def value(self, flag: str) -> Any:
        """Return a flag's value, or None."""
        return self._values.get(key(flag))

    def has(self, *flags: str) -> bool:
        """Return whether each flag has a value other than its default; empty and off count as none."""
        return all(self.value(flag) and self.source(flag) != DEFAULT for flag in flags)

    def says(self, flag: str) -> bool:
        """Return whether a flag has a value other than its default; zero is one, as in --max-age=0."""
        value = self.value(flag)
        is_zero = value == 0 and value is not False
        return self.has(flag) or (is_zero and self.source(flag) != DEFAULT)

    def typed(self, *flags: str) -> bool:
        """Return whether each flag is on the command line itself."""
        return all(self.value(flag) and self.source(flag) == TYPED for flag in flags)

    def overruled(self, flag: str, by: str) -> bool:
        """Return whether a flag comes from its variable or a file, and another is given more strongly that makes it irrelevant."""
        if isinstance(self.source(flag), str):
            return self.source(flag) == OF_VARIABLE and self.source(by) == TYPED
        return self.source(by) in (TYPED, OF_VARIABLE)

    def grant(self) -> str:
        """Return the grant that is asked for."""
        return self.value(GRANT) or "auto"

    def token(self) -> str:
        """Return the flag that says where the platform's token is; empty if none does."""
        return next((flag for flag in (PLATFORM_TOKEN_FILE, GITHUB_AUDIENCE) if self.has(flag)), "")

    def listens(self) -> bool:
        """Return whether the browser must return to an address where this program listens."""
        return self.grant() == "authcode" or (self.grant() == "auto" and not self.value("--username"))

    def authorizes(self) -> bool:
        """Return whether there is to be an authorization request, as far as that is known by now."""
        return self.listens() or self.grant() == "authcode-keyboard"

    def ports(self) -> set[str]:
        """Return the ports that the browser may come back to, as text; none if the redirect URL says it."""
        given, redirect = (
            csv_text.read_list("--listen-address", self.value("--listen-address") or ()),
            self.value(REDIRECT),
        )
        addresses = given or ([] if redirect and is_loopback_url(redirect) else LISTEN)
        return {address.rpartition(":")[2] for address in addresses}

    def scheme(self, flag: str) -> str:
        """Return the scheme of the URL that is a flag's value; empty if there is none."""
        return (self.value(flag) or "").partition(":")[0].lower()

    def conflict(self, flags: tuple[str, str], says: str, hint: str) -> UsageError:
        """Return the error of two flags, ``{0}`` and ``{1}`` in `says`; it names the variables and files that they come from."""
        origin = ""
        for flag in flags:
            source = self.source(flag)
            if source == OF_VARIABLE or not isinstance(source, str):
                origin += f"; {variable(flag) if source == OF_VARIABLE else source} gives {flag}"
        return UsageError(says.format(*flags) + origin, hint)

    def source(self, flag: str) -> Source:
        """Return where a flag's value comes from."""
        return self._sources.get(key(flag), "")
