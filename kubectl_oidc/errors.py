"""Every error that a person can see, and nothing else.

    OidcLoginError                    what failed, what to do next, where to read more
    ├── UsageError                    the command line, exit status 2
    │   └── SeveralSessions           it fits more than one session, each with the command that selects it
    ├── ExecInfoError                 KUBERNETES_EXEC_INFO cannot be understood
    ├── ProviderError                 the OpenID provider
    │   ├── ProviderUnreachable       no answer: network, TLS, time-out
    │   ├── InvalidProviderResponse   an answer that breaks the standard
    │   └── OAuthErrorResponse        an OAuth error answer (RFC 6749 §5.2), with its code
    │       └── InvalidGrant          the code or refresh token is not (or no longer) good
    ├── SignInError                   the browser half of the sign-in
    │   ├── NoFreeListenAddress       no listen address is free
    │   ├── SignInRefused             the provider sent the browser back with an error
    │   ├── SignInTimeout             nobody answered in time
    │   ├── SignInPaused              one failed a moment ago, and nobody sits at a terminal
    │   └── SignInNeeded              only a sign-in helps, and the command does not ask for one
    ├── ClusterError                  the Kubernetes API of a kubeconfig's cluster
    │   ├── ClusterUnreachable        no answer: network, TLS, proxy, time-out
    │   ├── ClusterMisbehaves         an answer that no Kubernetes API gives
    │   ├── ClusterUnauthorized       401: it does not accept the token
    │   ├── ClusterForbidden          403: it knows the person, and does not allow it
    │   └── ClusterNotFound           404: it does not know the question
    ├── IdTokenError                  the ID token must not be believed
    │   ├── UnknownKey                signed by a key that the key set does not have (fetch it again, once)
    │   └── WrongAccount              of another account than --expect-claim wants
    ├── OtherTrust                    a token would be sent under another trust than it was obtained under
    ├── StoreError                    a token store failed
    ├── LockError                     the session's lock was not to be had
    ├── KubeconfigError               a kubeconfig cannot be read or written
    └── DemoError                     the demo could not go on

    Interrupted                       a signal (not an error of ours): exit status 128 + N

``slow_path`` is the only place that turns one of these into text and an exit status. No message holds a secret.
"""

from __future__ import annotations

TYPE_CHECKING = False  # whoever waits for another plugin does not pay for the module typing
if TYPE_CHECKING:
    from collections.abc import Sequence


class OidcLoginError(Exception):
    """The root: one sentence for ``error:``, one for ``hint:``, and the troubleshooting page's heading.

    Args:
        message: What failed, naming the thing; no full stop, no secret, one line.
        hint: What to do next, one line.
        topic: The anchor in docs/troubleshooting.md that this error is explained under.
    """

    exit_status = 1
    default_topic = "unexpected"

    def __init__(self, message: str, hint: str = "", *, topic: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.topic = topic or self.default_topic
        self.lines: tuple[str, ...] = ()


class UsageError(OidcLoginError):
    """A flag is missing, unknown, malformed, or does not fit another."""

    exit_status = 2
    default_topic = "usage"


class SeveralSessions(UsageError):
    """A command line fits more than one session.

    Args:
        message: As in OidcLoginError.
        hint: As in OidcLoginError.
        lines: A line for each session, shown between the message and the hint.
    """

    default_topic = "several-sessions"

    def __init__(self, message: str, hint: str, lines: Sequence[str]) -> None:
        super().__init__(message, hint)
        self.lines = tuple(lines)


class ExecInfoError(OidcLoginError):
    """KUBERNETES_EXEC_INFO is not what client-go sends (client authentication v1, v1beta1)."""

    default_topic = "exec-info"


class ProviderError(OidcLoginError):
    """The OpenID provider, or the way to it.

    Attributes:
        status: The HTTP status of the token endpoint's answer; 0 if none came, or if it is about another endpoint.
        code: The OAuth error code in that answer (RFC 6749 §5.2), else empty.
    """

    default_topic = "provider"
    status = 0
    code = ""


class ProviderUnreachable(ProviderError):
    """No whole answer came: DNS, connection, TLS, proxy or deadline.

    Args:
        message: As in OidcLoginError.
        hint: As in OidcLoginError.
        topic: As in OidcLoginError.
        sent: Whether the request may have reached the provider. A refresh that was not sent
            has certainly not rotated the refresh token.
    """

    default_topic = "provider-unreachable"

    def __init__(self, message: str, hint: str = "", *, topic: str = "", sent: bool = True) -> None:
        super().__init__(message, hint, topic=topic)
        self.sent = sent


class InvalidProviderResponse(ProviderError):
    """An answer came and breaks OpenID Connect Discovery, RFC 6749 or RFC 7517."""

    default_topic = "provider-misbehaves"


class OAuthErrorResponse(ProviderError):
    """An OAuth error answer (RFC 6749 §5.2), with its code.

    Args:
        message: As in OidcLoginError.
        hint: As in OidcLoginError.
        topic: As in OidcLoginError.
        code: The standard's error code, such as ``invalid_client``.
    """

    default_topic = "provider-refused"

    def __init__(self, message: str, hint: str = "", *, topic: str = "", code: str = "") -> None:
        super().__init__(message, hint, topic=topic)
        self.code = code


class InvalidGrant(OAuthErrorResponse):
    """``invalid_grant``: the authorization code or refresh token is not, or no longer, good."""

    default_topic = "invalid-grant"


class SignInError(OidcLoginError):
    """The part of a sign-in that happens in the browser."""

    default_topic = "sign-in"


class NoFreeListenAddress(SignInError):
    """None of the listen addresses can be had on 127.0.0.1 and ::1."""

    default_topic = "port-in-use"


class SignInRefused(SignInError):
    """The provider sent the browser back with an error (RFC 6749 §4.1.2.1)."""

    default_topic = "sign-in-refused"


class SignInTimeout(SignInError):
    """Nobody finished the sign-in within --authentication-timeout-sec."""

    default_topic = "sign-in-timeout"


class SignInPaused(SignInError):
    """A sign-in failed a moment ago, and there is no terminal: it is not tried again so soon."""

    default_topic = "sign-in-paused"


class SignInNeeded(SignInError):
    """Only a sign-in brings a token, and the command is none that asks a person for one."""

    default_topic = "sign-in-needed"


class ClusterError(OidcLoginError):
    """The Kubernetes API of a kubeconfig's cluster, or the way to it."""

    default_topic = "api-server"


class ClusterUnreachable(ClusterError):
    """No whole answer came from the API server: DNS, connection, TLS, proxy or deadline; or it is not able to answer."""


class ClusterMisbehaves(ClusterError):
    """What answers there is no Kubernetes API, or something in front of one."""


class ClusterUnauthorized(ClusterError):
    """401: the API server does not accept the token; it never says why."""

    default_topic = "unauthorized"


class ClusterForbidden(ClusterError):
    """403: the API server accepts the token, and no role allows what was asked."""

    default_topic = "forbidden"


class ClusterNotFound(ClusterError):
    """404: the API server has no such resource; an older Kubernetes does not know each question."""


class IdTokenError(OidcLoginError):
    """An ID token that must not be believed (OpenID Connect Core 3.1.3.7, RFC 8725)."""

    default_topic = "id-token"


class UnknownKey(IdTokenError):
    """The token names a key that the key set does not hold; fetching the set again, once, may help."""


class WrongAccount(IdTokenError):
    """The token is of an account that --expect-claim does not allow: nothing of it is kept."""

    default_topic = "wrong-account"


class OtherTrust(OidcLoginError):
    """What was obtained under one trust would be sent under another: it is not sent."""

    default_topic = "trust"


class StoreError(OidcLoginError):
    """A token store could not be read or written."""

    default_topic = "store"


class LockError(OidcLoginError):
    """The session's lock could not be taken in bounded time."""

    default_topic = "lock"


class KubeconfigError(OidcLoginError):
    """A kubeconfig could not be read, understood or written."""

    default_topic = "kubeconfig"


class DemoError(OidcLoginError):
    """The demo could not go on."""

    default_topic = "demo"


class Interrupted(BaseException):
    """A signal asked us to stop; everything that holds a port, a lock or a terminal unwinds.

    Args:
        signum: The signal's number; the exit status is 128 + signum.
        refresh: What became of a refresh that was sent: ``goes on`` in another process, ``given up``, else empty.
    """

    def __init__(self, signum: int, refresh: str = "") -> None:
        super().__init__(signum)
        self.signum = signum
        self.refresh = refresh
