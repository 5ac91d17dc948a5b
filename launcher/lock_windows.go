package main

// sessionLock is not taken by the launcher on Windows, where a child process cannot take over a lock.
type sessionLock struct{}

func (c *knownCommand) waitForLock() (int, *sessionLock) { return -1, nil }

func (l *sessionLock) handedOver() string { return "" }
