package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	handoutsDirectory = "handed"
	handoutSlots      = 32
	handoutSlotSize   = 64 // bytes
	handoutSeconds    = 10 // a kubectl that asks again after a longer time has used the credential
	acceptedHandouts  = 8  // the count of such a kubectl
	mostHandouts      = 9
)

// countHandout counts that the calling kubectl receives a credential now.
// It returns how often in a row it received this credential; 0 if the caller is not kubectl or the count cannot be stored.
func countHandout(directory, sessionID, fingerprint string) int {
	caller := callingKubectl()
	if caller == "" {
		return 0
	}
	callerID := hexdigest([]byte(caller))[:24]
	slot, err := strconv.ParseInt(callerID[:4], 16, 64)
	if err != nil {
		return 0
	}
	file, _, err := openOwn(directory+"/"+handoutsDirectory+"/"+sessionID, unix.O_RDWR|unix.O_CREAT)
	if err != nil {
		return 0
	}
	defer unix.Close(file)
	offset := slot % handoutSlots * handoutSlotSize
	stored := make([]byte, handoutSlotSize)
	length, err := unix.Pread(file, stored, offset)
	if err != nil {
		return 0
	}
	seconds := int64(now())
	times := 1 + storedHandouts(bytes.Fields(stored[:length]), callerID, fingerprint, seconds)
	line := fmt.Sprintf("%-*s\n", handoutSlotSize-1, fmt.Sprintf("%s %s %d %d", callerID, fingerprint, seconds, times))
	if _, err := unix.Pwrite(file, []byte(line), offset); err != nil {
		return 0
	}
	return times
}

// storedHandouts returns the count that a slot has for this caller and credential; 0 if it has another's.
func storedHandouts(slot [][]byte, callerID, fingerprint string, seconds int64) int {
	if len(slot) != 4 || string(slot[0]) != callerID || string(slot[1]) != fingerprint {
		return 0
	}
	at, times, ok := twoNumbers(string(slot[2]), string(slot[3]))
	if !ok {
		return 0
	}
	if age := seconds - at; age < 0 || age >= handoutSeconds {
		return acceptedHandouts
	}
	return int(min(times, mostHandouts))
}

// callingKubectl returns the identity of the kubectl that started this process, or "" if another program did.
func callingKubectl() string {
	parent := strconv.Itoa(os.Getppid())
	program, err := os.Readlink("/proc/" + parent + "/exe")
	if err != nil || !isKubectl(path.Base(program)) {
		return ""
	}
	status, err := os.ReadFile("/proc/" + parent + "/stat")
	if err != nil {
		return ""
	}
	// proc_pid_stat(5): field 3 follows the name in brackets; field 22 is the start time.
	fields := strings.Fields(string(status[bytes.LastIndexByte(status, ')')+1:]))
	if len(fields) < 20 {
		return ""
	}
	return parent + " " + fields[19] + " " + program
}

// isKubectl returns whether a program is kubectl: kubectl, kubectl.exe, or kubectl.1.NN of Google's dispatcher.
func isKubectl(name string) bool {
	minor, dispatched := strings.CutPrefix(name, "kubectl.1.")
	_, err := strconv.ParseUint(minor, 10, 62)
	return name == "kubectl" || name == "kubectl.exe" || (dispatched && err == nil)
}
