package main

import (
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"
)

const (
	credentialTypeGeneric = 1
	sessionAccount        = "session"
)

var (
	advapi32 = windows.NewLazySystemDLL("advapi32.dll")
	credRead = advapi32.NewProc("CredReadW")
	credFree = advapi32.NewProc("CredFree")
)

// genericCredential is CREDENTIALW (wincred.h).
type genericCredential struct {
	flags, kind        uint32
	targetName         *uint16
	comment            *uint16
	lastWritten        windows.Filetime
	credentialBlobSize uint32
	credentialBlob     *byte
	persist            uint32
	attributeCount     uint32
	attributes         uintptr
	targetAlias        *uint16
	userName           *uint16
}

// isReadableHere returns whether the launcher can read the place of the command's credential.
func (c *knownCommand) isReadableHere() bool { return c.place != placeKernel }

// readKeyringEntry returns the record of a service from the Credential Manager, or "".
func readKeyringEntry(service string) string {
	return readSlots(service, func(services []string) []string {
		var texts []string
		for _, name := range services {
			text, ours := readGeneric(name)
			if !ours {
				text, _ = readGeneric(sessionAccount + "@" + name) // where the Python library moves an entry of another user name
			}
			texts = append(texts, text)
		}
		return texts
	})
}

// readGeneric returns a credential's secret, and whether it exists and has our user name.
func readGeneric(target string) (string, bool) {
	name, err := windows.UTF16PtrFromString(target)
	if err != nil {
		return "", false
	}
	var found *genericCredential
	done, _, _ := credRead.Call(uintptr(unsafe.Pointer(name)), credentialTypeGeneric, 0, uintptr(unsafe.Pointer(&found)))
	if done == 0 {
		return "", false
	}
	defer credFree.Call(uintptr(unsafe.Pointer(found)))
	if windows.UTF16PtrToString(found.userName) != sessionAccount {
		return "", false
	}
	blob := unsafe.Slice((*uint16)(unsafe.Pointer(found.credentialBlob)), found.credentialBlobSize/2)
	return string(utf16.Decode(blob)), true
}
