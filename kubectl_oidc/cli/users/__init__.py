"""Kubeconfig users as sessions: from a user's exec section to a sign-in request and back, and which session a command acts on."""
