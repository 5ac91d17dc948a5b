"""A session: its identity, its record, where it is stored, its locks, its current credential, its removal. Sends no request.

Two locks guard a session. `session_lock` is held from reading the session until it is stored, while one process refreshes or signs in;
`lock_directory` says where its files are, and `lock_wait` what other processes do meanwhile. `write_lock` is short: it guards the index
entry and what is written with it. Both are `kubectl_oidc.system.file_lock`.
"""
