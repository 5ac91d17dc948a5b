//go:build !linux

package main

// readKernelKey returns nil: only Linux has a kernel keyring.
func readKernelKey(string) []byte { return nil }
