"""The installed program as a child process, with a real provider, browser, keyring and kubectl."""
