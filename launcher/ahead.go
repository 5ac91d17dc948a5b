package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	claimsDirectory = "ahead"
	claimTime       = time.Minute // how long a claim is valid if its process failed
)

// shortLived are variables of environments that end with kubectl, or too soon for a refresh to be useful.
var shortLived = []string{"CI", "KUBERNETES_SERVICE_HOST", "container"}

// startRefresh starts the Python program in the background to refresh the session, unless another process has done so.
func startRefresh(command *knownCommand) {
	if command.when == "auto" && diesWithKubectl() {
		return
	}
	python, err := findPython()
	if err != nil || !claim(filepath.Join(command.directory, claimsDirectory, command.sessionID)) {
		return
	}
	closeInherited()
	child := exec.Cmd{Path: python.path, Args: python.arguments(handover{ahead: true}), SysProcAttr: detached()}
	child.Start() // its standard files are the null device
}

func diesWithKubectl() bool {
	// A service's processes end with it (systemd.kill(5)). Shells of a terminal may have the variable too.
	if _, service := os.LookupEnv("INVOCATION_ID"); service && !errorIsTerminal() {
		return true
	}
	for _, name := range shortLived {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}

// claim returns whether no other process has claimed the refresh within the last minute.
func claim(path string) bool {
	for range 2 {
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			file.Close()
			return true
		}
		if !errors.Is(err, fs.ErrExist) {
			return false
		}
		status, err := os.Lstat(path)
		if err != nil {
			return false
		}
		if age := time.Since(status.ModTime()); (age >= 0 && age < claimTime) || os.Remove(path) != nil {
			return false
		}
	}
	return false
}
