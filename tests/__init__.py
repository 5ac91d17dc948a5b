"""The tests: ``test_<module>.py`` one to one, and ``integration``, where the installed program meets real parts."""
