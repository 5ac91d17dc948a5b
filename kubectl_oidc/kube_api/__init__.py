"""The API server of a kubeconfig's cluster: who the bearer of a token is there, and what they may do.

``cluster_entry``  the kubeconfig's cluster entry: the server, whom to trust, which proxy
``client``         the requests, over HTTPS with the bearer token
``responses``      the answers, parsed strictly
``failures``       the errors
"""
