package main

import "os"

// readPrivate returns the content of directory/name, or nil if it is missing or too long.
// Windows keeps other users out of the user's own directory.
func readPrivate(directory, name string, limit int64) []byte {
	status, err := os.Lstat(directory + `\` + name)
	if err != nil || !status.Mode().IsRegular() || status.Size() > limit {
		return nil
	}
	content, err := os.ReadFile(directory + `\` + name)
	if err != nil {
		return nil
	}
	return content
}
