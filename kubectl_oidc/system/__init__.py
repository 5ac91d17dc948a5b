"""This computer and the user in front of it: time, signals, terminal, keyboard, browser, programs, private files, file locks, containers."""
