"""The command line: flags in, exit status out. One click command a file, each imported only when it is the one that was typed."""
