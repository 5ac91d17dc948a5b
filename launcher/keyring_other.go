//go:build !linux && !windows

package main

// isReadableHere returns whether the launcher can read the place of the command's credential. macOS ties a Keychain entry to the
// program that wrote it, so the Keychain is left to Python.
func (c *knownCommand) isReadableHere() bool { return c.place == placeDisk }

func readKeyringEntry(string) string { return "" }
