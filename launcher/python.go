package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// bundleCode finds the packages of a bundle without Python's module site, which takes a third of the interpreter's start.
const bundleCode = "import sys; sys.path.append(sys._stdlib_dir + '/site-packages'); "

// startCode runs the program as if the launcher were its script. The first argument is the handover.
const startCode = "import sys; del sys.argv[0]; from kubectl_oidc import main; main(sys.argv.pop(0))"

// completer begins the name by which kubectl and the shells' scripts start the program to complete a command line.
const (
	completer    = "kubectl_complete-"
	completeCode = "from kubectl_oidc.cli.kubectl_complete import main; main()"
)

var errNoPython = errors.New("no Python is beside the program")

// python is the interpreter that runs the Python program.
type python struct {
	launcher string   // the program's path, as it was started
	path     string   // the interpreter
	flags    []string // -I: neither PYTHON* variables nor the working directory have an effect
	code     string   // runs before the program
}

// arguments returns the interpreter's whole command line.
func (p *python) arguments(h handover) []string {
	start := append([]string{p.path}, p.flags...)
	if isCompleter(p.launcher) {
		start = append(start, "-c", p.code+completeCode)
	} else {
		start = append(start, "-c", p.code+startCode, h.String(), p.launcher)
	}
	return append(start, os.Args[1:]...)
}

// isCompleter returns whether a program is started to complete a command line.
func isCompleter(program string) bool {
	return strings.HasPrefix(filepath.Base(program), completer)
}

// findPython returns the interpreter of the bundle or of the environment that the launcher, or what it links to, is in.
func findPython() (*python, error) {
	launcher, directory, err := launcherPath()
	if err != nil {
		return nil, err
	}
	parent := filepath.Dir(directory)
	path := firstFile(parent, "python/bin/python3", "python/python.exe")
	if path != "" {
		return &python{launcher, path, []string{"-I", "-S"}, bundleCode}, nil
	}
	if isFile(filepath.Join(parent, "pyvenv.cfg")) {
		path = firstFile(directory, "python3", "python", "python.exe")
	}
	if path == "" && onWindows {
		path = firstFile(parent, "python.exe")
	}
	if path != "" {
		return &python{launcher, path, []string{"-I"}, ""}, nil
	}
	// Outside an environment: for all users, or in the user's own directory, which -I would hide.
	for _, kind := range []string{"site-packages", "dist-packages"} {
		found, _ := filepath.Glob(filepath.Join(parent, "lib", "python3.*", kind, "kubectl_oidc"))
		for _, place := range found {
			version := filepath.Base(filepath.Dir(filepath.Dir(place)))
			if path = firstFile(directory, version); path == "" {
				path, _ = exec.LookPath(version)
			}
			if path != "" {
				return &python{launcher, path, []string{"-E", "-P"}, ""}, nil
			}
		}
	}
	return nil, errNoPython
}

// launcherPath returns the launcher's path as it was started, and the directory of the file that this leads to.
func launcherPath() (path, directory string, err error) {
	path, err = exec.LookPath(os.Args[0])
	if err != nil {
		path = os.Args[0]
	}
	self, err := os.Executable()
	if err != nil {
		self = path // without /proc
	}
	self, err = filepath.EvalSymlinks(self)
	return path, filepath.Dir(self), err
}

// firstFile returns the first of these paths below a directory that is a file, else "".
func firstFile(directory string, names ...string) string {
	for _, name := range names {
		if path := filepath.Join(directory, name); isFile(path) {
			return path
		}
	}
	return ""
}

func isFile(path string) bool {
	status, err := os.Stat(path)
	return err == nil && status.Mode().IsRegular()
}

// reportNoPython reports that the Python program cannot be started, and returns the exit status.
func reportNoPython(err error) int {
	reason := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, err.Error())
	return report("the program cannot start its Python: "+reason,
		"the installation is damaged: install the program again (troubleshooting: python-modules)")
}
