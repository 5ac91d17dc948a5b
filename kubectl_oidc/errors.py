"""Every error that a user can see.

    OidcLoginError                    what failed, what to do next, where to read more
    ├── UsageError                    the command line: exit status 2
    │   └── SeveralSessions           it matches several sessions; lists the command that selects each
    ├── ExecInfoError                 KUBERNETES_EXEC_INFO cannot be parsed
    ├── ProviderError                 the identity provider
    │   ├── ProviderUnreachable       no answer: network, TLS, time-out
    │   ├── InvalidProviderResponse   an answer that violates the standard
    │   └── OAuthErrorResponse        an OAuth error response (RFC 6749 §5.2), with its code
    │       └── InvalidGrant          the code or refresh token is invalid or expired
    ├── SignInError                   the part of the sign-in in the browser
    │   ├── NoFreeListenAddress       no listen address is free
    │   ├── SignInRefused             the provider redirected the browser back with an error
    │   ├── SignInTimeout             the user did not finish in time
    │   ├── SignInPaused              a sign-in failed a moment ago, and there is no terminal
    │   └── SignInNeeded              a sign-in is required, but this command never starts one
    ├── ClusterError                  the Kubernetes API of a kubeconfig's cluster
    │   ├── ClusterUnreachable        no answer: network, TLS, proxy, time-out
    │   ├── ClusterMisbehaves         an answer that is not from a Kubernetes API
    │   ├── ClusterUnauthorized       401: it does not accept the token
    │   ├── ClusterForbidden          403: it accepts the token, but does not allow the request
    │   └── ClusterNotFound           404: it does not have the resource
    ├── IdTokenError                  the ID token is not valid
    │   ├── UnknownKey                its key is not in the key set (fetch the key set again, once)
    │   └── WrongAccount              its account is not the one that --expect-claim requires
    ├── OtherTrust                    a token would be sent with other trust settings than it was obtained with
    ├── StoreError                    a token store failed
    ├── LockError                     the session's lock could not be taken
    ├── KubeconfigError               a kubeconfig cannot be read or written
    ├── SettingsError                 a settings file is wrong
    │   └── PolicyError               a rule of the machine's settings file forbids it
    └── DemoError                     the demo could not continue

Only ``slow_path`` turns these into text and an exit status. No message contains a secret.
"""

from __future__ import annotations


class OidcLoginError(Exception):
    """The base class: one line for ``error:``, one for ``hint:``, and a section of the troubleshooting page.

    Args:
        message: What failed. It names the thing, has no full stop and contains no secret.
        hint: What to do next.
        topic: The anchor of the section in docs/troubleshooting.md.
        lines: Lines to show between message and hint.
    """

    exit_status = 1
    default_topic = "unexpected"

    def __init__(self, message: str, hint: str = "", *, topic: str = "", lines: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.topic = topic or self.default_topic
        self.lines = lines


class UsageError(OidcLoginError):
    """A flag is missing, unknown or malformed, or conflicts with another."""

    exit_status = 2
    default_topic = "usage"


class SeveralSessions(UsageError):
    """A command line matches more than one session: ``lines`` has one line for each."""

    default_topic = "several-sessions"


class ExecInfoError(OidcLoginError):
    """KUBERNETES_EXEC_INFO is not in client-go's format (client authentication v1, v1beta1)."""

    default_topic = "exec-info"


class ProviderError(OidcLoginError):
    """The identity provider, or the network on the way to it.

    Attributes:
        status: The HTTP status of the token endpoint's answer; 0 if there was none, or for another endpoint.
        code: The OAuth error code in that answer (RFC 6749 §5.2); empty if it has none.
    """

    default_topic = "provider"
    status = 0
    code = ""


class ProviderUnreachable(ProviderError):
    """No complete answer came: DNS, connection, TLS, proxy or deadline.

    ``sent`` tells whether the request may have reached the provider. If not, a refresh has not used up the refresh token.
    """

    default_topic = "provider-unreachable"

    def __init__(self, message: str, hint: str = "", *, topic: str = "", sent: bool = True) -> None:
        super().__init__(message, hint, topic=topic)
        self.sent = sent


class InvalidProviderResponse(ProviderError):
    """The answer violates OpenID Connect Discovery, RFC 6749 or RFC 7517."""

    default_topic = "provider-misbehaves"


class OAuthErrorResponse(ProviderError):
    """An OAuth error response (RFC 6749 §5.2), with its code, such as ``invalid_client``."""

    default_topic = "provider-refused"

    def __init__(self, message: str, hint: str = "", *, topic: str = "", code: str = "") -> None:
        super().__init__(message, hint, topic=topic)
        self.code = code


class InvalidGrant(OAuthErrorResponse):
    """``invalid_grant``: the authorization code or refresh token is invalid, expired or revoked."""

    default_topic = "invalid-grant"


class SignInError(OidcLoginError):
    """The part of a sign-in that happens in the browser failed."""

    default_topic = "sign-in"


class NoFreeListenAddress(SignInError):
    """None of the listen addresses is free on 127.0.0.1 and ::1."""

    default_topic = "port-in-use"


class SignInRefused(SignInError):
    """The provider redirected the browser back with an error (RFC 6749 §4.1.2.1)."""

    default_topic = "sign-in-refused"


class SignInTimeout(SignInError):
    """The user did not finish the sign-in within --authentication-timeout-sec."""

    default_topic = "sign-in-timeout"


class SignInPaused(SignInError):
    """A sign-in failed a moment ago, and there is no terminal: it is not repeated yet."""

    default_topic = "sign-in-paused"


class SignInNeeded(SignInError):
    """A sign-in is required, but this command never starts one."""

    default_topic = "sign-in-needed"


class ClusterError(OidcLoginError):
    """The Kubernetes API of a kubeconfig's cluster, or the network on the way to it."""

    default_topic = "api-server"


class ClusterUnreachable(ClusterError):
    """No complete answer came from the API server: DNS, connection, TLS, proxy or deadline; or it cannot answer now."""


class ClusterMisbehaves(ClusterError):
    """The answer is not from a Kubernetes API, but perhaps from something in front of it."""


class ClusterUnauthorized(ClusterError):
    """401: the API server does not accept the token. It never says why."""

    default_topic = "unauthorized"


class ClusterForbidden(ClusterError):
    """403: the API server accepts the token, but no role allows the request."""

    default_topic = "forbidden"


class ClusterNotFound(ClusterError):
    """404: the API server does not have the resource, for example because its Kubernetes is too old."""


class IdTokenError(OidcLoginError):
    """The ID token is not valid (OpenID Connect Core 3.1.3.7, RFC 8725)."""

    default_topic = "id-token"


class UnknownKey(IdTokenError):
    """The token names a key that is not in the key set. Fetching the key set again, once, may help."""


class WrongAccount(IdTokenError):
    """The token is for another account than --expect-claim requires. Nothing of it is stored."""

    default_topic = "wrong-account"


class OtherTrust(OidcLoginError):
    """A token would be sent with other trust settings than it was obtained with. It is not sent."""

    default_topic = "trust"


class StoreError(OidcLoginError):
    """A token store could not be read or written."""

    default_topic = "store"


class LockError(OidcLoginError):
    """The session's lock could not be taken in time."""

    default_topic = "lock"


class KubeconfigError(OidcLoginError):
    """A kubeconfig could not be read, parsed or written."""

    default_topic = "kubeconfig"


class SettingsError(OidcLoginError):
    """A settings file cannot be read, or a key in it is wrong."""

    default_topic = "settings"


class PolicyError(SettingsError):
    """A rule of the machine's settings file forbids the command, or an exec section would lead a settings file's secret elsewhere."""

    default_topic = "policy"


class DemoError(OidcLoginError):
    """The demo could not continue."""

    default_topic = "demo"
