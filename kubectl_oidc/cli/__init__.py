"""Turn flags into an exit status: `options/` defines the flags, `commands/` has one command a file, imported when it is run."""
