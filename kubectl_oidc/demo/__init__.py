"""The whole story on one machine: an OpenID provider, a Kubernetes API and the commands between them.

``authority``   the certificates, made for one run
``listener``    an HTTP server on a loopback port
``people``      who can sign in, and their groups
``ledger``      what the provider remembers: codes and refresh tokens
``grants``      Authlib's server parts, set up
``provider``    the OpenID provider
``api``         the Kubernetes API: ``path`` says what is asked, ``access`` who asks and what they may,
                ``resources`` what there is, ``discovery``, ``printing``, ``reviews`` and ``status`` how it is answered
``person``      somebody who signs in without a browser
``story``       what ``kubectl oidc-login demo`` does, step by step

It needs the extra ``demo`` (Flask, trustme); no other part of the program imports it.
"""
