"""Fuzzing of everything that parses, guided by coverage (atheris); see ``python -m fuzz --help`` and ``make fuzz``."""
