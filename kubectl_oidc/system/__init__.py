"""This computer and its user: time, signals, terminal, keyboard, browser, programs, private files, file locks, containers."""
