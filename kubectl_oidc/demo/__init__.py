"""An OpenID provider, a Kubernetes API and the story that `demo` plays with them, all on this computer.

It needs the extra ``demo`` (Authlib, Flask, PyJWT, trustme); no other package imports it.
"""
