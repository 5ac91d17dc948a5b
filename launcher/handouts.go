package main

// At these counts the API server seems to reject the credential: the Python program renews it once, then warns.
const (
	renewHandouts = 3
	warnHandouts  = 4
)
