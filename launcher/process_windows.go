package main

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"unsafe"

	"golang.org/x/sys/windows"
)

// becomePython runs the Python program in the same console, and returns its exit status. It ends with the launcher.
func becomePython(h handover) int {
	python, err := findPython()
	if err != nil {
		return reportNoPython(err)
	}
	signal.Notify(make(chan os.Signal, 1), os.Interrupt) // Ctrl-C and Ctrl-Break are for the child
	job, err := newJob()
	if err != nil {
		return reportNoPython(err)
	}
	child := exec.Cmd{
		Path: python.path, Args: python.arguments(h),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
	}
	if err := child.Start(); err != nil {
		return reportNoPython(err)
	}
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(child.Process.Pid))
	if err == nil {
		windows.AssignProcessToJobObject(job, process)
	}
	var ended *exec.ExitError
	if err := child.Wait(); err != nil && !errors.As(err, &ended) {
		return reportNoPython(err)
	}
	return child.ProcessState.ExitCode()
}

// newJob returns a job whose processes end when this process does. What starts outside it, such as a browser, does not.
func newJob() (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, err
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | windows.JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	return job, err
}

// detached returns how a process runs without a console.
func detached() *windows.SysProcAttr {
	return &windows.SysProcAttr{CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP}
}

// closeInherited does nothing: on Windows a child inherits only what it is given.
func closeInherited() {}

// writeAnswer writes the document to standard output, and returns the exit status.
func writeAnswer(document []byte) int {
	if _, err := os.Stdout.Write(document); err != nil {
		return reportUnwritable(err)
	}
	return 0
}

// errorIsTerminal returns whether standard error is a console.
func errorIsTerminal() bool {
	var mode uint32
	return windows.GetConsoleMode(windows.Stderr, &mode) == nil
}
